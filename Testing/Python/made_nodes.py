"""Nodes for tests: volumes and transforms, made with Slicer's own calls only."""

import numpy as np

TURN = np.array([[0.36, 0.48, -0.8], [-0.8, 0.6, 0.0], [0.48, 0.64, 0.6]])
"""A rotation in whole hundredths: its columns have the length 1."""


def affine(linear, shift=(0.0, 0.0, 0.0)):
    """A 4 x 4 matrix of its two parts."""
    matrix = np.eye(4)
    matrix[:3, :3] = linear
    matrix[:3, 3] = shift
    return matrix


IJK_TO_RAS = {
    'axial': affine(np.diag([-2.0, -2.5, 3.0]), (30.0, 41.0, -17.0)),
    'oblique': affine(TURN @ np.diag([2.0, 2.5, 3.0]), (-11.0, 7.0, 23.0)),
    'mirrored': affine(np.diag([2.0, -2.5, -3.0]), (-40.0, 30.0, 5.0)),
    'sheared': affine([[2.0, 0.5, 0.0], [0.0, 2.5, 0.75], [0.0, 0.0, 3.0]], (1.0, 2.0, 3.0)),
}
"""Directions of a volume; no two axes alike."""

PARENTS = {
    'identity': np.eye(4),
    'rigid': affine(TURN.T, (5.0, -12.5, 40.0)),
    'scaling': affine(np.diag([1.1, 0.9, 1.25]), (0.0, 3.0, -8.0)),
    'mirror': affine(np.diag([-1.0, 1.0, 1.0]), (2.0, 0.0, 0.0)),
    'shear': affine([[1.0, 0.2, 0.0], [0.0, 1.0, -0.1], [0.1, 0.0, 1.0]], (7.0, 0.0, 1.0)),
}
"""Transforms that a volume or a point list may be under."""


def made_volume(array_kji, ijk_to_ras, name='PET'):
    """A volume node in the scene."""
    import slicer

    return slicer.util.addVolumeFromArray(array_kji, ijkToRAS=ijk_to_ras, name=name)


def linear_transform(matrix, name='Linear', parent=None):
    """One node that holds one matrix."""
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass('vtkMRMLLinearTransformNode', name)
    node.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
    if parent is not None:
        node.SetAndObserveTransformNodeID(parent.GetID())
    return node


def composite_transform(matrices, name='Composite'):
    """One node that holds several matrices, the first one applied last."""
    import slicer
    import vtk

    general = vtk.vtkGeneralTransform()
    for matrix in matrices:
        step = vtk.vtkTransform()
        step.SetMatrix(slicer.util.vtkMatrixFromArray(matrix))
        general.Concatenate(step)
    node = slicer.mrmlScene.AddNewNodeByClass('vtkMRMLTransformNode', name)
    node.SetAndObserveTransformToParent(general)
    return node


def bent_transform(name='Acquisition regularization'):
    """Moves everything 3 mm along A at S = 0, linearly to -3 mm at S = 60."""
    import slicer
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    size, spacing = (9, 9, 5), 50.0
    grid = vtk.vtkImageData()
    grid.SetDimensions(*size)
    grid.SetSpacing(spacing, spacing, spacing)
    grid.SetOrigin(-200.0, -200.0, -100.0)
    s = -100.0 + spacing * np.arange(size[2])
    shifts = np.zeros((*size[::-1], 3))
    shifts[..., 1] = (3.0 - s / 10.0)[:, None, None]
    array = numpy_to_vtk(shifts.reshape(-1, 3), deep=True)
    grid.GetPointData().SetScalars(array)
    bent = vtk.vtkGridTransform()
    bent.SetDisplacementGridData(grid)
    bent.SetInterpolationModeToLinear()
    node = slicer.mrmlScene.AddNewNodeByClass('vtkMRMLGridTransformNode', name)
    node.SetAndObserveTransformToParent(bent)
    return node


def put_under(node, transform):
    """Set the parent transform; gives the node back."""
    node.SetAndObserveTransformNodeID(transform.GetID())
    return node


def world_of_index(volume_node, index_ijk):
    """Where Slicer shows a voxel center: its own matrices and transforms, one point."""
    import slicer
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volume_node.GetIJKToRASMatrix(matrix)
    local = matrix.MultiplyPoint([*index_ijk, 1.0])[:3]
    to_world = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(
        volume_node.GetParentTransformNode(), None, to_world
    )
    return to_world.TransformPoint(local)
