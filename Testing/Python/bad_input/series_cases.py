"""Facts of a series: slope, units, corrections, dose, weight, frames."""

import copy

import numpy as np
import pydicom
from bad_input.case import (
    Case,
    Right,
    flagged,
    good,
    refused,
    refused_or_flagged,
    refused_or_told,
    told,
)
from bad_input.made_series import (
    DURATION_S,
    NONE_F,
    SLICES,
    SLOPE,
    UPTAKE_S,
    F,
    after,
    analysis_of,
    da,
    drop,
    drug,
    enhanced,
    enhanced_dataset,
    factor,
    info_of,
    mean_time_s,
    philips,
    put,
    real_world,
    series,
    suv_of,
    tm,
)
from dicom_files import item, save

KIND = 'series facts'

DIFFERENT = np.arange(4 * 6 * 7, dtype=np.uint16).reshape(4, 6, 7)
"""No slice is a copy of another."""

NAC = ['DECY', 'SCAT']


def _case(name, make, right):
    return Case(name, KIND, make, right)


def every_frame(change):
    """An edit of each frame's functional groups."""

    def _edit(ds):
        for n, groups in enumerate(ds.PerFrameFunctionalGroupsSequence):
            change(groups, n)

    return _edit


def _drop_frame_slope(frame):
    def _change(groups, n):
        if n == frame:
            del groups.PixelValueTransformationSequence
            groups.RealWorldValueMappingSequence = pydicom.Sequence([])

    return every_frame(_change)


def two_enhanced(counts, change=lambda ds, n: None):
    """A concatenation: frames of one stack in several files."""

    def _make(folder):
        start = 0
        for n, count in enumerate(counts):
            ds = enhanced_dataset(slices=count, origin_lps_mm=(-20.0, 31.0, -47.5 + 4.0 * start))
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f'1.2.3.4.{n + 1}'
            ds.InConcatenationNumber, ds.ConcatenationUID = n + 1, '1.2.3.4.99'
            change(ds, n)
            save(ds, folder / 'pet' / f'{n}.dcm')
            start += count
        return folder / 'pet'

    return _make


def _second_in_counts(ds, n):
    for groups in ds.PerFrameFunctionalGroupsSequence if n else ():
        groups.RealWorldValueMappingSequence = real_world('{counts}')


def _second_bed_later(ds, n):
    ds.DecayCorrected = 'NO'
    for groups in ds.PerFrameFunctionalGroupsSequence:
        start = after(400.0 * n)
        groups.FrameContentSequence[0].FrameAcquisitionDateTime = da(start) + tm(start)


def _second_mapping(first):
    """Two real-world mappings, of which one is in Bq/mL."""

    def _change(groups, _n):
        bq, other = real_world('Bq/ml')[0], real_world('{SUVbw}g/ml', SLOPE * F)[0]
        both = [other, bq] if first == 'SUV' else [bq, other]
        groups.RealWorldValueMappingSequence = pydicom.Sequence(both)

    return every_frame(_change)


def _lookup_table(groups, _n):
    mapping = groups.RealWorldValueMappingSequence[0]
    del mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept
    mapping.RealWorldValueLUTData = [float(n) for n in range(16)]
    del groups.PixelValueTransformationSequence


def _halved_above(groups, _n):
    """Two ranges of stored values, each with a slope of its own."""
    low, high = real_world('Bq/ml')[0], real_world('Bq/ml', SLOPE / 2)[0]
    low.RealWorldValueLastValueMapped, high.RealWorldValueFirstValueMapped = 499, 500
    groups.RealWorldValueMappingSequence = pydicom.Sequence([low, high])
    del groups.PixelValueTransformationSequence


def _classic_class(ds):
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = '1.2.840.10008.5.1.4.1.1.128'


def _lut(ds, _k):
    del ds.RescaleSlope, ds.RescaleIntercept
    ds.ModalityLUTSequence = item(LUTDescriptor=[4, 0, 16], LUTData=b'\0\0\1\0\2\0\3\0')


def _two_drugs(second):
    def _edit(ds, _k):
        first = ds.RadiopharmaceuticalInformationSequence[0]
        other = copy.deepcopy(first)
        for keyword, value in second.items():
            setattr(other, keyword, value)
        ds.RadiopharmaceuticalInformationSequence = pydicom.Sequence([first, other])

    return _edit


NOT_CORRECTED = [put(DecayCorrection='NONE', CorrectedImage=['ATTN', 'SCAT']), drop('DecayFactor')]

SLOPES = [
    _case(
        f'{what} {where}',
        suv_of(series(edit)),
        refused(r'RescaleSlope|0028,1053'),
    )
    for what, where, edit in (
        ('no slope and intercept', 'in the first slice', drop('RescaleSlope', 'RescaleIntercept', on=[0])),
        ('no slope and intercept', 'in the last slice', drop('RescaleSlope', 'RescaleIntercept', on=[3])),
        ('no slope and intercept', 'but in one slice', drop('RescaleSlope', 'RescaleIntercept', on=[0, 1, 3])),
        ('no slope', 'in two slices that keep the intercept', drop('RescaleSlope', on=[1, 2])),
        ('empty slope and intercept', 'in one slice', put(RescaleSlope='', RescaleIntercept='', on=[2])),
        ('slope 0', 'in one slice', put(RescaleSlope='0', on=[1])),
        ('negative slope', 'in every slice', put(RescaleSlope='-2')),
        ('two slopes', 'in one slice', put(RescaleSlope=['2', '3'], on=[2])),
    )
]  # fmt: skip

SCALES = [
    _case('no slope at all in Bq/mL, SUV', suv_of(series(drop('RescaleSlope', 'RescaleIntercept'))),
          refused(r'RescaleSlope|0028,1053|unit')),
    _case('no slope at all in Bq/mL, info', info_of(series(drop('RescaleSlope', 'RescaleIntercept'))),
          flagged(r'slope.*(no|none|missing|stored|absent)|stored|not trusted')),
    _case('Modality LUT in one slice', suv_of(series(lambda ds, k: _lut(ds, k) if k == 1 else None)),
          refused('LUT|RescaleSlope')),
    _case('Modality LUT beside a slope', suv_of(series(put(ModalityLUTSequence=item(
        LUTDescriptor=[4, 0, 16], LUTData=b'\0\0\1\0\2\0\3\0')))), refused('LUT|3000')),
    _case('Modality LUT in every slice, info', info_of(series(_lut)), refused('LUT|3000')),
    _case('slope as text', suv_of(series(drop('RescaleSlope', on=[0, 1, 2, 3]),
          put(RescaleIntercept='-5'))), refused('RescaleSlope')),
    _case('slopes that differ by slice are good', suv_of(series(
        put(RescaleSlope='4', on=[1]), put(RescaleIntercept='-2000', on=[1]))), good(F)),
    _case('slopes written in two formats are good', suv_of(series(
        put(RescaleSlope='2.0000', on=[0, 2]), put(RescaleSlope='2e0', on=[1]))), good(F)),
]  # fmt: skip

UNITS = [
    _case('units in another padding', suv_of(series(put(Units='BQML ', on=[0]))), good(F)),
    _case('units in small letters in one slice', suv_of(series(put(Units='bqml', on=[3]))), good(F)),
    _case('units differ in the last slice', suv_of(series(put(Units='CNTS', on=[3]))),
          refused('Units.*(BQML|CNTS)')),
    _case('units missing in one slice', suv_of(series(drop('Units', on=[2]))), refused('Units')),
    _case('units missing in the first slice, info', info_of(series(drop('Units', on=[0]))),
          refused('Units')),
    _case('units empty in two slices', suv_of(series(put(Units='', on=[0, 1]))), refused('Units')),
    _case('no units', suv_of(series(drop('Units'))), refused('Units')),
    *(
        _case(f'unusual unit {unit}, info', info_of(series(put(Units=unit))), told(unit))
        for unit in ('PROPCNTS', 'CM2', 'MGMINML', 'UMOLML', 'STDDEV', '1CM')
    ),
    _case('unusual unit, SUV', suv_of(series(put(Units='MLMINML'))), refused('MLMINML')),
    _case('stored SUV of body weight needs nothing more', suv_of(series(
        put(Units='GML', RescaleSlope='0.001'), drop('PatientWeight'))), good(1 / 2000)),
    _case('stored SUV of a type that nobody knows', suv_of(series(put(Units='GML', SUVType='XYZ'))),
          refused('0054,1006')),
    _case('stored SUV whose type differs by slice', suv_of(series(
        put(Units='GML', RescaleSlope='0.001'), put(SUVType='BW'), put(SUVType='LBM', on=[2]))),
          refused('SUVType|0054,1006')),
]  # fmt: skip

CORRECTIONS = [
    _case('decay correction differs in one slice', suv_of(series(put(DecayCorrection='ADMIN', on=[1]))),
          refused('DecayCorrection|0054,1102')),
    _case('decay correction missing in one slice', suv_of(series(drop('DecayCorrection', on=[0]))),
          refused('DecayCorrection|0054,1102')),
    _case('decay correction missing', suv_of(series(drop('DecayCorrection'))),
          refused('0054,1102')),
    _case('decay correction of an unknown kind', suv_of(series(put(DecayCorrection='END'))),
          refused("'?END'?")),
    _case('decay correction in two paddings', suv_of(series(put(DecayCorrection='START ', on=[2]))),
          good(F)),
    _case('corrections differ in one slice', suv_of(series(put(CorrectedImage=NAC, on=[3]))),
          refused('CorrectedImage|0028,0051')),
    _case('not attenuation-corrected', suv_of(series(put(CorrectedImage=NAC))), refused('ATTN')),
    _case('attenuation missing beside stored SUV', suv_of(series(
        put(Units='GML', CorrectedImage=NAC))), refused_or_flagged('ATTN|attenuation|0028,0051')),
    _case('corrections in another order', suv_of(series(
        put(CorrectedImage=['SCAT', 'ATTN', 'DECY'], on=[1]))), good(F)),
    _case('no decay correction', suv_of(series(*NOT_CORRECTED)), good(NONE_F)),
    _case('no decay correction, a slice without duration', suv_of(series(
        *NOT_CORRECTED, drop('ActualFrameDuration', on=[2]))), refused('ActualFrameDuration|0018,1242')),
    _case('no decay correction, two beds', suv_of(series(
        *NOT_CORRECTED, put(AcquisitionTime=tm(after(300)), FrameReferenceTime='345000', on=[2, 3]))),
          good(NONE_F, NONE_F, factor(UPTAKE_S + 300 + mean_time_s(DURATION_S)),
               factor(UPTAKE_S + 300 + mean_time_s(DURATION_S)))),
    _case('no decay correction, one bed twice as long', suv_of(series(
        *NOT_CORRECTED, put(ActualFrameDuration='360000', FrameReferenceTime='180000', on=[0, 1]))),
          good(*(factor(UPTAKE_S + mean_time_s(s)) for s in (360.0, 360.0, DURATION_S, DURATION_S)))),
    _case('corrected to the injection', suv_of(series(put(DecayCorrection='ADMIN'), drop('DecayFactor'))),
          refused_or_told('', factor(0.0))),
]  # fmt: skip

DOSES = [
    _case('dose differs in one slice', suv_of(series(drug(RadionuclideTotalDose='92500000', on=[2]))),
          refused('RadionuclideTotalDose|0018,1074|dose')),
    _case('dose missing in one slice', suv_of(series(drug(RadionuclideTotalDose=None, on=[0]))),
          refused('RadionuclideTotalDose|0018,1074|dose')),
    _case('dose in another format in one slice', suv_of(series(
        drug(RadionuclideTotalDose='1.85e8', on=[1]), drug(RadionuclideTotalDose='185000000.0', on=[2]))),
          good(F)),
    _case('dose 0', suv_of(series(drug(RadionuclideTotalDose='0'))), refused('0018,1074')),
    _case('dose negative', suv_of(series(drug(RadionuclideTotalDose='-185000000'))),
          refused('0018,1074')),
    _case('dose in MBq', suv_of(series(drug(RadionuclideTotalDose='185'))), flagged('MBq', F)),
    _case('dose in kBq', suv_of(series(drug(RadionuclideTotalDose='185000'))),
          refused_or_flagged('dose|0018,1074')),
    _case('dose in mCi', suv_of(series(drug(RadionuclideTotalDose='5'))),
          refused_or_flagged('dose|0018,1074')),
    _case('dose of 40 GBq', suv_of(series(drug(RadionuclideTotalDose='4e10'))),
          refused_or_flagged('dose|0018,1074')),
    _case('two injections of other doses', suv_of(series(_two_drugs(
        {'RadionuclideTotalDose': '60000000'}))), refused_or_flagged('two|2 |several|items|0054,0016')),
    _case('two injections of two isotopes', suv_of(series(_two_drugs(
        {'RadionuclideHalfLife': '4062.6', 'RadiopharmaceuticalStartTime': '130000'}))),
          refused_or_flagged('two|2 |several|items|0054,0016')),
    _case('no injection in one slice', suv_of(series(drop(
        'RadiopharmaceuticalInformationSequence', on=[1]))),
          refused('Radiopharmaceutical|0054,0016|0018,107')),
    _case('weight differs in one slice', suv_of(series(put(PatientWeight='75', on=[3]))),
          refused('PatientWeight|0010,1030|weight')),
    _case('weight missing in one slice', suv_of(series(drop('PatientWeight', on=[2]))),
          refused('PatientWeight|0010,1030|weight')),
    _case('weight in another format', suv_of(series(put(PatientWeight='55.000', on=[2]))), good(F)),
    _case('weight 0', suv_of(series(put(PatientWeight='0'))), refused('0010,1030')),
    _case('weight in gram', suv_of(series(put(PatientWeight='55000'))), flagged('gram', F)),
    _case('weight of 640 kg', suv_of(series(put(PatientWeight='640'))),
          refused_or_flagged('weight|0010,1030')),
    *(
        _case(f'half-life {text}', suv_of(series(drug(
            RadionuclideHalfLife=text, RadionuclideCodeSequence=None))),
              refused_or_flagged('half.?life|0018,1075'))
        for text in ('1.83', '109.77', '0.001', '1e12')
    ),
    _case('half-life 0', suv_of(series(drug(RadionuclideHalfLife='0'))), refused('0018,1075')),
    _case('half-life of another isotope', suv_of(series(drug(RadionuclideHalfLife='4062.6'))),
          refused_or_flagged('half.?life|contradict')),
    _case('half-life differs in one slice', suv_of(series(drug(RadionuclideHalfLife='6500', on=[1]))),
          refused('half.?life|0018,1075')),
]  # fmt: skip

LITERS = put(PixelSpacing=[40.0, 40.0])
"""Every voxel 6.4 mL: the series holds 2.15 MBq, and 135 MBq of the dose are left."""

KINDS = [
    *(
        _case(f'{name} that says it is PET', info_of(series(put(SOPClassUID=f'1.2.840.10008.5.1.4.1.1.{uid}'))),
              refused(f'no PET series.*of class {name}'))
        for name, uid in (('CT Image Storage', '2'), ('MR Image Storage', '4'), ('Enhanced MR', '4.1'))
    ),
    _case('a CT slice among those of PET', suv_of(series(put(
        SOPClassUID='1.2.840.10008.5.1.4.1.1.2', on=[1]))), refused('evenly|missing')),
    _case('projections by the series type', suv_of(series(put(SeriesType=['STATIC', 'REPROJECTION']))),
          refused('SeriesType.*REPROJECTION')),
    _case('projections by the image type', suv_of(series(put(ImageType=['DERIVED', 'SECONDARY', 'MIP']))),
          refused('ImageType.*MIP')),
    _case('a derived image of planes', suv_of(series(put(ImageType=['DERIVED', 'PRIMARY', 'AXIAL']))), good(F)),
    *(
        _case(f'{what} in another unit', info_of(make), refused('no scan has|away'))
        for what, make in (
            ('pixel spacing of a nanometer', series(put(PixelSpacing=['3e-6', '2e-6']))),
            ('pixel spacing of a meter', series(put(PixelSpacing=['3000', '2000']))),
            ('a step between slices', series(heights_mm=(0.0, 500.0, 1000.0, 1500.0))),
            ('a place', series(lambda ds, k: setattr(
                ds, 'ImagePositionPatient', [-20.0, 31.0, 1e12 + 4e6 * k]))),
        )
    ),
]  # fmt: skip

HELD = [
    _case('less activity than was injected', suv_of(series(LITERS)), good(F)),
    _case('more activity than was injected', suv_of(series(LITERS, put(RescaleSlope='200'))),
          flagged('times the activity that was injected')),
    _case('dose of a hundredth', suv_of(series(LITERS, drug(RadionuclideTotalDose='1850000'))),
          flagged('times the activity that was injected')),
    _case('Bq/mL called SUV', suv_of(series(LITERS, put(Units='GML'))),
          flagged('times the activity that was injected')),
    _case('two weights in one element', suv_of(series(put(PatientWeight=['55', '60']))),
          refused('0010,1030')),
    _case('two half-lives in one element', suv_of(series(drug(RadionuclideHalfLife=['6586.2', '4062.6']))),
          refused('0018,1075')),
    _case('an intercept in every slice', suv_of(series(put(RescaleSlope='4', RescaleIntercept='-2000'))),
          told('RescaleIntercept.*4 of 4 slices.*-2000', F)),
]  # fmt: skip

PHILIPS = [
    _case('counts with both factors that agree', suv_of(series(
        put(Units='CNTS', RescaleSlope='1'), philips(F, 1.0))), refused_or_told('', F / 2)),
    _case('counts without factors', suv_of(series(put(Units='CNTS'))), refused('7053,1000')),
    _case('counts with factor 0', suv_of(series(put(Units='CNTS'), philips('0', '0'))),
          refused('7053,1000')),
    _case('counts whose factors differ five times', suv_of(series(
        put(Units='CNTS', RescaleSlope='1'), philips(F, 5.0))),
          refused_or_flagged('7053,1009|7053,1000|factor')),
    _case('counts whose factors differ by a tenth', suv_of(series(
        put(Units='CNTS', RescaleSlope='1'), philips(F, 1.1))),
          refused_or_flagged('7053,1009|7053,1000|factor')),
    _case('counts that lack attenuation correction', suv_of(series(
        put(Units='CNTS', CorrectedImage=NAC), philips(F))), refused_or_flagged('ATTN|0028,0051')),
    _case('counts whose factor is missing in one slice', suv_of(series(
        put(Units='CNTS', RescaleSlope='1'),
        lambda ds, k: philips(F)(ds, k) if k != 2 else None)), refused('7053')),
]  # fmt: skip

FRAMES = [
    _case('enhanced, good', suv_of(enhanced()), good(F)),
    _case('enhanced in files of 1 and 5', suv_of(two_enhanced((1, 5))), good(F)),
    _case('enhanced in three files', suv_of(two_enhanced((2, 2, 3))), good(F)),
    _case('enhanced, second file in counts', suv_of(two_enhanced((3, 3), _second_in_counts)),
          refused('unit|counts')),
    _case('enhanced, not corrected, second bed later', suv_of(two_enhanced((2, 2), _second_bed_later)),
          good(NONE_F, NONE_F, *2 * [factor(UPTAKE_S + 400 + mean_time_s(DURATION_S))])),
    _case('enhanced, second file without attenuation correction', suv_of(two_enhanced(
        (2, 3), lambda ds, n: setattr(ds, 'AttenuationCorrected', 'NO' if n else 'YES'))),
          refused('AttenuationCorrected|ATTN')),
    _case('enhanced, second file of another weight', suv_of(two_enhanced(
        (2, 3), lambda ds, n: setattr(ds, 'PatientWeight', '80' if n else '55'))),
          refused('weight|0010,1030')),
    *(
        _case(f'enhanced, frame {frame + 1} without slope', suv_of(enhanced(_drop_frame_slope(frame))),
              refused('slope|0028,1053'))
        for frame in (0, SLICES - 1)
    ),
    _case('enhanced, SUV mapping first', suv_of(enhanced(_second_mapping('SUV'))), good(F)),
    _case('enhanced, Bq/mL mapping first', suv_of(enhanced(_second_mapping('Bq'))), good(F)),
    _case('enhanced, unit at the root', suv_of(enhanced(
        every_frame(lambda groups, _n: delattr(groups, 'RealWorldValueMappingSequence')),
        lambda ds: setattr(ds, 'Units', 'BQML'))), good(F)),
    _case('enhanced, two ranges', suv_of(enhanced(every_frame(_halved_above))),
          refused('mapping|range|real.?world|0040')),
    _case('enhanced, lookup table', suv_of(enhanced(every_frame(_lookup_table))),
          refused('LUT|table|slope|mapping|0040')),
    _case('enhanced under the classic class', info_of(enhanced(_classic_class)),
          Right(refused='enhanced|functional|class', flagged='Bq/mL')),
    _case('enhanced, decay corrected not said', suv_of(enhanced(
        lambda ds: delattr(ds, 'DecayCorrected'))), refused('DecayCorrected|0018,9758')),
    _case('enhanced, decay corrected empty', suv_of(enhanced(
        lambda ds: setattr(ds, 'DecayCorrected', ''))), refused('DecayCorrected|0018,9758')),
    _case('enhanced, fewer groups than frames', info_of(enhanced(
        lambda ds: ds.PerFrameFunctionalGroupsSequence.pop())), refused('frames')),
    _case('two time frames in one stack', info_of(series(
        put(FrameReferenceTime='900000', AcquisitionTime=tm(after(810)), on=[2, 3]),
        put(SeriesType=['DYNAMIC', 'IMAGE'], NumberOfTimeSlices=2, NumberOfSlices=4))),
          refused('time|frame|dynamic|acquisition')),
    _case('every slice at one place', info_of(series(
        put(ImagePositionPatient=[0, 0, 0]), stored=DIFFERENT)),
          refused('position')),
    _case('positions that differ by rounding alone', info_of(series(
        lambda ds, k: put(ImagePositionPatient=[0, 0, 1e-4 * k])(ds, k), stored=DIFFERENT)), refused('position|same|plane')),
    _case('a slice that is missing', info_of(series(heights_mm=(0.0, 4.0, 8.0, 16.0))),
          refused('miss|gap|spac|distance')),
    _case('another pixel spacing in one slice', info_of(series(put(PixelSpacing=[3, 2.1], on=[1]))),
          refused('PixelSpacing|pixel spacing')),
    _case('another orientation in one slice', info_of(series(put(
        ImageOrientationPatient=[1, 0, 0, 0, -1, 0], on=[2]))), refused('Orientation')),
    _case('another frame of reference in one slice', info_of(series(put(
        FrameOfReferenceUID='1.2.3.8', on=[0]))), refused('FrameOfReferenceUID')),
    _case('analysis without any weight', analysis_of(series(drop('PatientWeight'))),
          refused('which an image of')),
]  # fmt: skip

CASES = [*SLOPES, *SCALES, *UNITS, *CORRECTIONS, *DOSES, *KINDS, *HELD, *PHILIPS, *FRAMES]
