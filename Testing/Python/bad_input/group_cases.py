"""Functional groups that contradict each other, and elements that hold more values than one."""

from bad_input.case import Case, flagged, good, refused
from bad_input.made_series import (
    NONE_F,
    SLOPE,
    STORED,
    F,
    after,
    da,
    drop,
    drug,
    enhanced,
    put,
    real_world,
    series,
    suv_of,
    tm,
)
from bad_input.series_cases import every_frame
from dicom_files import item

KIND = 'functional groups'

TRANSFORM = 'PixelValueTransformationSequence'


def _case(name, make, right):
    return Case(name, KIND, suv_of(make), right)


def shared(sequence, **elements):
    """The groups of all frames hold it too."""
    return lambda ds: setattr(ds.SharedFunctionalGroupsSequence[0], sequence, item(**elements))


def own(sequence, frames=range(99), **elements):
    """The groups of some frames hold it too."""
    return every_frame(
        lambda one, n: setattr(one, sequence, item(**elements)) if n in frames else None
    )


def outside(**elements):
    """The top level holds it too."""

    def _edit(ds):
        for keyword, value in elements.items():
            setattr(ds, keyword, value)

    return _edit


def _without_slope(frames):
    return every_frame(lambda one, n: delattr(one, TRANSFORM) if n in frames else None)


def _two_items(one, _n):
    getattr(one, TRANSFORM).append(item(RescaleSlope='9', RescaleIntercept='0')[0])


def holds_for(first, last, prefix=''):
    """The mapping is the only scale, and says for which stored values it holds."""

    def _change(one, _n):
        delattr(one, TRANSFORM)
        one.RealWorldValueMappingSequence = real_world('Bq/ml')
        mapping = one.RealWorldValueMappingSequence[0]
        del mapping.RealWorldValueFirstValueMapped, mapping.RealWorldValueLastValueMapped
        setattr(mapping, f'{prefix}RealWorldValueFirstValueMapped', first)
        setattr(mapping, f'{prefix}RealWorldValueLastValueMapped', last)

    return every_frame(_change)


def _corrected_to(moment):
    return lambda ds: setattr(ds, 'DecayCorrectionDateTime', da(moment) + tm(moment))


def _lasting(milliseconds):
    def _change(one, _n):
        one.FrameContentSequence[0].FrameAcquisitionDuration = milliseconds

    return every_frame(_change)


def _not_corrected(ds):
    ds.DecayCorrected = 'NO'


SAME_SLOPE = {'RescaleSlope': f'{SLOPE:.4f}', 'RescaleIntercept': '0.0'}
OTHER_SLOPE = {'RescaleSlope': '7', 'RescaleIntercept': '0'}

TWO_PLACES = [
    _case('slope of all frames is that of each', enhanced(shared(TRANSFORM, **SAME_SLOPE)), good(F)),
    _case('slope of all frames where one has none', enhanced(
        shared(TRANSFORM, **SAME_SLOPE), _without_slope([2])), good(F)),
    _case('slope of all frames is another than those of each', enhanced(shared(TRANSFORM, **OTHER_SLOPE)),
          refused('RescaleSlope')),
    _case('slope of all frames is another, one frame has none', enhanced(
        shared(TRANSFORM, **OTHER_SLOPE), _without_slope([2])), refused('RescaleSlope')),
    _case('two slopes of one frame', enhanced(every_frame(_two_items)), refused('RescaleSlope')),
    _case('pixel spacing of one frame contradicts that of all', enhanced(
        own('PixelMeasuresSequence', [1], PixelSpacing=[9.0, 9.0])), refused('PixelSpacing')),
    _case('pixel spacing of each frame contradicts that of all', enhanced(
        own('PixelMeasuresSequence', PixelSpacing=[9.0, 9.0])), refused('PixelSpacing')),
    _case('orientation of each frame contradicts that of all', enhanced(own(
        'PlaneOrientationSequence', ImageOrientationPatient=[0.0, 1.0, 0.0, 1.0, 0.0, 0.0])),
          refused('ImageOrientationPatient')),
    _case('a position of all frames beside their own', enhanced(shared(
        'PlanePositionSequence', ImagePositionPatient=[0.0, 0.0, 0.0])), refused('ImagePositionPatient')),
    _case('pixel spacing at the top level that contradicts', enhanced(outside(PixelSpacing=[9, 9])),
          refused('PixelSpacing')),
    _case('pixel spacing at the top level that agrees', enhanced(outside(PixelSpacing=['3.00', '2'])),
          good(F)),
    _case('intercept at the top level that contradicts', enhanced(outside(RescaleIntercept='500')),
          refused('RescaleIntercept')),
]  # fmt: skip

RANGES = [
    _case('mapping that holds for all stored values', enhanced(holds_for(0, STORED)), good(F)),
    _case('mapping that ends below the stored values', enhanced(holds_for(0, STORED - 1)),
          refused('0040,9096')),
    _case('mapping that begins above the stored values', enhanced(holds_for(STORED + 1, 65535)),
          refused('0040,9096')),
    _case('mapping whose ends are exchanged', enhanced(holds_for(65535, 0)), refused('0040,9096')),
    _case('mapping of float ends that leaves values out', enhanced(
        holds_for(0.0, STORED / 2, 'DoubleFloat')), refused('0040,9096')),
]  # fmt: skip

SEVERAL = [
    *(
        _case(f'two values of {keyword}', series(put(**{keyword: values})), refused(keyword))
        for keyword, values in {
            'Units': ['BQML', 'CNTS'],
            'DecayCorrection': ['START', 'ADMIN'],
            'SeriesTime': [tm(after(0)), tm(after(-1800))],
            'AcquisitionTime': [tm(after(0)), tm(after(-1800))],
            'TimezoneOffsetFromUTC': ['+0100', '+0200'],
            'PatientWeight': ['55', '5.5'],
        }.items()
    ),
    *(
        _case(f'two values of {keyword} of the injection', series(drug(**{keyword: values})),
              refused(keyword))
        for keyword, values in {
            'RadionuclideTotalDose': ['185000000', '18500000'],
            'RadiopharmaceuticalStartTime': ['133000', '123000'],
            'RadiopharmaceuticalStartDateTime': ['20251112133000', '20251112123000'],
        }.items()
    ),
    _case('two units in one slice', series(put(Units=['BQML', 'GML'], on=[2])), refused('Units')),
]  # fmt: skip

NONE = [drop('DecayFactor'), put(DecayCorrection='NONE', CorrectedImage=['ATTN', 'SCAT'])]

TIMES = [
    _case('corrected to the start of the scan', enhanced(_corrected_to(after(0))), good(F)),
    _case('corrected to an hour after the scan', enhanced(_corrected_to(after(3600))),
          flagged('after the end of the scan')),
    _case('corrected to the next day', enhanced(_corrected_to(after(86400))),
          flagged('after the end of the scan')),
    _case('not corrected, a usual duration', series(*NONE), good(NONE_F)),
    _case('not corrected, duration in seconds', series(*NONE, put(ActualFrameDuration='180')),
          flagged('not usual')),
    _case('not corrected, duration in microseconds', series(*NONE, put(ActualFrameDuration='18e7')),
          flagged('not usual')),
    _case('not corrected, enhanced, duration in seconds', enhanced(_not_corrected, _lasting(180.0)),
          flagged('not usual')),
]  # fmt: skip

CASES = [*TWO_PLACES, *RANGES, *SEVERAL, *TIMES]
