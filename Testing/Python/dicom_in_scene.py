"""A DICOM series in the scene, loaded as the application's DICOM module loads it."""

from pathlib import Path

INSTANCES = 'DICOM.instanceUIDs'


class Database:
    """As much of ctkDICOMDatabase as the module asks for."""

    isOpen = True  # noqa: N815 - the application's name

    def __init__(self, paths):
        self._paths = dict(paths)

    def fileForInstance(self, uid):  # noqa: N802 - the application's name
        """Path, or nothing."""
        return self._paths.get(uid, '')

    def forget(self, uid):
        """As if the instance had been deleted."""
        del self._paths[uid]


def sorted_instances(folder):
    """(UID, path) of the slices, ordered along the normal: as DICOMUtils.getSortedImageFiles."""
    import numpy as np
    from pydicom import dcmread

    found = []
    for path in Path(folder).iterdir():
        header = dcmread(path, stop_before_pixels=True)
        row, column = np.reshape(np.array(header.ImageOrientationPatient, dtype=float), (2, 3))
        height = np.cross(row, column) @ np.array(header.ImagePositionPatient, dtype=float)
        found.append((float(height), str(header.SOPInstanceUID), path))
    return [(uid, str(path)) for _height, uid, path in sorted(found)]


def load(folder, name='PET', *, dcmtk=False, order=None):
    """The volume node, and a database that knows its files."""
    import numpy as np
    import slicer
    import vtk

    instances = sorted_instances(folder)
    listed = instances if order is None else [instances[n] for n in order]
    names = vtk.vtkStringArray()
    for _uid, path in listed:
        names.InsertNextValue(path)
    logic = slicer.modules.volumes.logic()
    node = logic.AddArchetypeScalarVolume(listed[0][1], name, 0, names)
    if dcmtk:
        planes = [_plane_by_dcmtk(slicer, path) for _uid, path in listed]
        slicer.util.updateVolumeFromArray(node, np.stack(planes))
    node.SetAttribute(INSTANCES, ' '.join(uid for uid, _path in listed))
    return node, Database(instances)


def _plane_by_dcmtk(slicer, path):
    """One slice by the other reader of the application, chosen in its settings."""
    from vtk.util.numpy_support import vtk_to_numpy

    reader = slicer.vtkITKArchetypeImageSeriesScalarReader()
    reader.SetArchetype(path)
    reader.SetOutputScalarTypeToNative()
    reader.SetDesiredCoordinateOrientationToNative()
    reader.SetDICOMImageIOApproachToDCMTK()
    reader.Update()
    plane = reader.GetOutput()
    columns, rows, _one = plane.GetDimensions()
    return vtk_to_numpy(plane.GetPointData().GetScalars()).reshape(rows, columns).copy()
