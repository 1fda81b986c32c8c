"""What a header tells twice, in words that nobody can read, or for one slice alone."""

import numpy as np
import pydicom
from bad_input.case import Case, flagged, good, refused, told
from bad_input.made_series import (
    DURATION_S,
    HALF_LIFE_S,
    NONE_F,
    SLOPE,
    UPTAKE_S,
    F,
    after,
    da,
    drop,
    drug,
    enhanced,
    enhanced_dataset,
    factor,
    facts,
    facts_of,
    ge,
    info_of,
    mean_time_s,
    philips,
    put,
    real_world,
    series,
    suv_of,
    tm,
)
from bad_input.series_cases import every_frame, two_enhanced
from bad_input.time_cases import decay_factor_of, time_only
from dicom_files import Made, item, save
from dicom_files import write as write_files
from spect_files import MadeSPECT, map_to_bqml

KIND = 'told twice or unreadably'
MEAN_S = mean_time_s(DURATION_S)
NONE = (drop('DecayFactor'), put(DecayCorrection='NONE', CorrectedImage=['ATTN']))


def _case(name, make, right):
    return Case(name, KIND, suv_of(make), right)


def text_of(tag, text):
    """An element as other writers leave it, whatever its representation is."""
    return lambda ds, _k: ds.add_new(tag, 'LO', text)


def drug_text(tag, text, *, alone=False):
    """The same of the injection; `alone` leaves no start time beside."""

    def _edit(ds, _k):
        facts_of(ds)
        one = ds.RadiopharmaceuticalInformationSequence[0]
        one.add_new(tag, 'LO', text)
        if alone:
            del one.RadiopharmaceuticalStartTime

    return _edit


WEIGHT, DOSE, HALF_LIFE, START = 0x00101030, 0x00181074, 0x00181075, 0x00181078

UNREADABLE = [
    *(
        _case(f'weight {text!r}', series(text_of(WEIGHT, text)), refused(r"0010,1030\) is '.*no number"))
        for text in ('55 kg', '55,0', '5_5', '55 55', 'inf')
    ),
    *(
        _case(f'weight {text!r} is good', series(text_of(WEIGHT, text)), good(F))
        for text in ('+55', '055', '55.', '.55E2', '55\0')
    ),
    *(
        _case(f'dose {text!r}', series(drug_text(DOSE, text)), refused(r"0018,1074\) is '.*no number"))
        for text in ('185000000,0', '185 MBq', '185.000.000', '1_85e6')
    ),
    *(
        _case(f'half-life {text!r}', series(drug_text(HALF_LIFE, text)), refused(r"0018,1075\) is '.*no number"))
        for text in ('6586,2', '6586.2 s', '1.8295 h', '6_586')
    ),
    Case('weight with a unit, info', KIND, info_of(series(text_of(WEIGHT, '55 kg'))),
         told("PatientWeight.*where the header has '55 kg'")),
    _case('slope with an underscore', series(text_of(0x00281053, '2_0')), refused('RescaleSlope')),
    _case('pixel spacing with an underscore', series(text_of(0x00280030, '3_0\\2')), refused('PixelSpacing')),
    *(
        _case(f'injection {text!r} and nothing else', series(drug_text(START, text, alone=True)),
              refused("0018,1078.*is none"))
        for text in ('2025-11-12 13:30:00', '20251112 133000', '20251112', '00000000133000')
    ),
    *(
        _case(f'injection {text!r} beside its time', series(drug_text(START, text)),
              told("0018,1078.*counts as missing", F))
        for text in ('2025-11-12T13:30:00', '20251112133000&')
    ),
    _case('injection to the hour', series(drug_text(START, '2025111213', alone=True)),
          flagged('hour alone', factor(UPTAKE_S + 1800))),
    *(
        _case(f'series time {text!r}', series(text_of(0x00080031, text)),
              told("0008,0031.*counts as missing", F))
        for text in ('2:20PM', '14-20-00', '240000', '142000+0100')
    ),
    *(
        _case(f'series date {text!r}', series(text_of(0x00080021, text)),
              told("0008,0021.*counts as missing", F))
        for text in ('12.11.2025', '20251311')
    ),
    *(
        _case(f'{name} {text!r}', series(text_of(tag, text)), told('counts as missing', F))
        for name, tag, text in (
            ('decay factor', 0x00541321, '1,0095'), ('decay factor', 0x00541321, '0'),
            ('frame reference time', 0x00541300, '88,7'), ('duration', 0x00181242, '180 s'),
        )
    ),
    _case('no decay correction, duration with a unit', series(*NONE, text_of(0x00181242, '180 s')),
          refused("0018,1242.*'180 s' is none")),
]  # fmt: skip


def _ge_once(moment):
    return lambda ds, k: ge(moment if k == 2 else after(0))(ds, k)


def _counts(*edits):
    return series(put(Units='CNTS', RescaleSlope='1'), *edits)


def _in_one_slice(edit, other):
    return lambda ds, k: (edit if k == 1 else other)(ds, k)


PRIVATE = [
    _case('scan time of GE an hour early in one slice', series(_ge_once(after(-3600))),
          told('0009,100d.*unknown', F)),
    _case('that scan time alone', series(
        _ge_once(after(-3600)), drop('SeriesTime', 'DecayFactor')), told('0009,100d.*unknown', F)),
    _case('factor to SUV tenfold in one slice', _counts(_in_one_slice(philips(10 * F), philips(F))),
          flagged('7053,1000.*10 times')),
    _case('factor to Bq/mL tenfold in one slice', _counts(_in_one_slice(philips(None, 20), philips(None, 2))),
          flagged('7053,1009.*10 times')),
    _case('factor to Bq/mL of next to nothing', _counts(philips(None, '1e-300')),
          flagged('times the activity that was injected')),
    _case('slope of next to nothing', series(put(RescaleSlope='1e-40')),
          flagged('times the activity that was injected')),
    _case('an intercept below nothing', series(put(RescaleIntercept='-1e9')),
          flagged('-.* times the activity that was injected')),
    _case('Bq/mL beside a factor that agrees', series(philips(f'{1.02 * F:.6g}')), good(F)),
    _case('Bq/mL beside both factors of its counts', series(philips(f'{7 * F:.6g}', 7)), good(F)),
    _case('Bq/mL beside factors of 0', series(philips('0', '0')), good(F)),
    _case('Bq/mL beside a threefold factor', series(philips(f'{3 * F:.6g}')), flagged('7053,1000.*3 times', F)),
    _case('Bq/mL beside both factors, which contradict', series(philips(f'{3 * F:.6g}', 7)),
          flagged('7053,1000.*0.429 times', F)),
]  # fmt: skip


def _mapping(unit, slope):
    return put(RealWorldValueMappingSequence=real_world(unit, slope))


def _map_frames(*mappings):
    sequence = pydicom.Sequence([real_world(*one)[0] for one in mappings])
    return every_frame(
        lambda groups, _n: setattr(groups, 'RealWorldValueMappingSequence', sequence)
    )


FORTY_THOUSAND = np.full((4, 6, 7), 40_000, np.uint16)

VALUES = [
    _case('mapping that agrees', series(_mapping('Bq/ml', SLOPE)), good(F)),
    _case('mapping of another slope', series(_mapping('Bq/ml', 3 * SLOPE)), refused('0040,9096')),
    _case('mapping of the slope to counts', series(_mapping('{counts}', SLOPE)), refused('0040,9096')),
    _case('mapping to SUV that agrees', series(_mapping('{SUVbw}g/ml', SLOPE * F)), good(F)),
    _case('mapping to twice the SUV', series(_mapping('{SUVbw}g/ml', 2 * SLOPE * F)),
          flagged('0040,9096.*2 times', F)),
    _case('enhanced, mapping to twice the SUV', enhanced(
        _map_frames(('Bq/ml',), ('{SUVbw}g/ml', 2 * SLOPE * F))), flagged('0040,9096.*2 times', F)),
    _case('enhanced, unit at the root, mapping of another slope', enhanced(
        lambda ds: setattr(ds, 'Units', 'BQML'), _map_frames(('Bq/ml', 3 * SLOPE))), refused('0040,9096')),
    _case('type of the values contradicts the unit', series(put(RescaleType='CNTS')), refused('several units')),
    _case('type of the values is the unit', series(put(RescaleType='BQML')), good(F)),
    _case('type of the values is unspecified', series(put(RescaleType='US')), good(F)),
    _case('a sign in one slice, which is negative then', series(
        put(PixelRepresentation=1, on=[2]), put(RescaleSlope='0.05'), stored=FORTY_THOUSAND),
          refused('0028,0103')),
    _case('a sign in one slice that matters nowhere', series(put(PixelRepresentation=1, on=[2])), good(F)),
    _case('a sign of an unknown kind', series(put(PixelRepresentation=2)), refused('0028,0103')),
]  # fmt: skip


def isotope(name='', half_life='6586.2', *, code=None, meaning=None):
    """An injection that names its isotope in some places and not in others."""
    coded = meaning is not None
    return drug(
        Radiopharmaceutical=name,
        RadionuclideHalfLife=half_life,
        RadionuclideCodeSequence=item(
            CodeValue=code or 'X', CodingSchemeDesignator='SRT', CodeMeaning=meaning
        )
        if coded
        else None,
    )


GALLIUM, CARBON_90_MIN = '4069.8', factor(5400.0, half_life_s=1199.9)

ISOTOPES = [
    *(
        _case(f'{name} with the half-life of F-18', series(isotope(name)), good(F))
        for name in ('FDG', 'F18-FDG', 'FDG -- fluorodeoxyglucose', '18F-PSMA-1007', 'PSMA-11', 'Solution')
    ),
    *(
        _case(f'{name} with the half-life of F-18', series(isotope(name)), flagged('not that of Ga-68', F))
        for name in ('Ga-68 PSMA', '[68Ga]Ga-DOTA-TATE', '68Gallium', 'PSMA-11 Ga^68^')
    ),
    *(
        _case(f'{name} with the half-life of Ga-68', series(isotope(name, GALLIUM)),
              flagged('not that of F-18', factor(half_life_s=4069.8)))
        for name in ('Fluorodeoxyglucose', 'FDG', '[18F]FDG')
    ),
    _case('code of Ga-68 without its meaning', series(isotope(code='C-131A3', meaning='')),
          flagged('not that of Ga-68', F)),
    _case('code of F-18 called gallium', series(isotope(code='C-111A1', meaning='^68^Gallium')),
          flagged('by its code C-111A1', F)),
    _case('fluorine named with its substance', series(isotope(meaning='Fluorine F^18^', half_life=GALLIUM)),
          flagged('not that of F-18')),
    _case('half-life of F-18 2.5 % short', series(isotope('', '6420', code='C-111A1', meaning='^18^Fluorine')),
          flagged('not that of F-18', factor(half_life_s=6420))),
    _case('half-life of F-18 2.5 % short, unnamed', series(isotope('', '6420')),
          flagged('no isotope.*nearest is that of F-18', factor(half_life_s=6420))),
    _case('half-life of no isotope', series(isotope('', '5000')), flagged('no isotope')),
    _case('half-life of an isotope that is not known', series(isotope('', '14551', meaning='^44^Scandium')),
          told('44.*Scandium.*not known here', factor(half_life_s=14551))),
    _case('half-life in milliseconds', series(isotope('', '6586200')), refused('F-18 in milliseconds')),
    _case('half-life of C-11 1.9 % short after 90 min', series(
        isotope('', '1199.9', code='C-105A1', meaning='^11^Carbon'), drop('DecayFactor'),
        lambda ds, _k: _moved(ds, -5400.0)), flagged(r'would be \+6', CARBON_90_MIN)),
]  # fmt: skip


def _moved(ds, seconds):
    one, moment = ds.RadiopharmaceuticalInformationSequence[0], after(seconds)
    one.RadiopharmaceuticalStartDateTime = da(moment) + tm(moment)
    one.RadiopharmaceuticalStartTime = tm(moment)


def _bed_of_ge(ds, k):
    put(FrameReferenceTime=f'{200_000 * k}')(ds, k)


def _own_bed(ds, k):
    put(AcquisitionTime=tm(after(200 * k)), FrameReferenceTime=f'{1000 * (200 * k + MEAN_S):.0f}')(
        ds, k
    )


def _later_bed(ds, k):
    put(AcquisitionTime=tm(after(600 * (k > 1))), FrameReferenceTime='0')(ds, k)


def _near_bed(ds, k):
    put(AcquisitionTime=tm(after(20 * k)), FrameReferenceTime='0')(ds, k)


def _bed_off(ds, k):
    put(AcquisitionTime=tm(after(200 * k)), FrameReferenceTime=f'{1000 * 600 * k:.0f}')(ds, k)


def _content(**values):
    def _change(groups, n):
        for keyword, value in values.items():
            setattr(groups.FrameContentSequence[0], keyword, value(n))

    return every_frame(_change)


def _corrected_by(decay):
    sequence = item(DecayFactor=decay)
    return every_frame(
        lambda groups, _n: setattr(groups, 'PETFrameCorrectionFactorsSequence', sequence)
    )


def _named(**values):
    return lambda ds: [setattr(ds, keyword, value) for keyword, value in values.items()]


def _at(seconds):
    return da(after(seconds)) + tm(after(seconds))


BEDS = tuple(factor(UPTAKE_S + 200 * k + MEAN_S) for k in range(4))

INSTANTS = [
    _case('not corrected, beds that share one acquisition time', series(*NONE, _bed_of_ge),
          flagged('0054,1300', *BEDS)),
    _case('not corrected, beds of their own times', series(*NONE, _own_bed), good(*BEDS)),
    Case('not corrected, beds ten minutes apart, info', KIND, info_of(series(*NONE, _later_bed)),
         told('14:21:30 to 2025-11-12 14:31:30, between which 6.1 % decay')),
    Case('not corrected, beds that nearly agree, info', KIND, info_of(series(*NONE, _near_bed)),
         good(says='SUV: all')),
    _case('not corrected, beds whose times contradict', series(*NONE, _bed_off),
          flagged('contradict each other by 1200 s', *BEDS)),
    _case('corrected to the injection, decay factor of the scan, time alone', series(
        put(DecayCorrection='ADMIN'), time_only(after(-UPTAKE_S))), flagged('0054,1321', factor(0))),
    _case('corrected to the injection, its decay factor, time alone', series(
        put(DecayCorrection='ADMIN', DecayFactor=decay_factor_of(UPTAKE_S + MEAN_S)),
        time_only(after(-UPTAKE_S))), good(factor(0))),
    _case('frame reference time in seconds, no series time', series(
        put(FrameReferenceTime='89.7'), drop('DecayFactor', 'SeriesTime')), told('', F)),
    _case('enhanced, decay factor that agrees', enhanced(_corrected_by(2 ** (MEAN_S / HALF_LIFE_S))), good(F)),
    _case('enhanced, decay factor of another instant', enhanced(
        _named(DecayCorrectionDateTime=_at(-1800)), _corrected_by(2 ** (MEAN_S / HALF_LIFE_S))),
          flagged('0054,1321', factor(UPTAKE_S - 1800))),
    _case('enhanced, not corrected, with a decay factor', enhanced(
        _named(DecayCorrected='NO'), _corrected_by(1.5)), flagged('0054,1321', NONE_F)),
    _case('enhanced, no instant is named', enhanced(lambda ds: delattr(ds, 'DecayCorrectionDateTime')),
          told('0018,9701.*earliest frame', F)),
    _case('enhanced, not corrected, reference time an hour off', enhanced(
        _named(DecayCorrected='NO'), _content(FrameReferenceDateTime=lambda _n: _at(3600))),
          flagged('0018,9151', NONE_F)),
    _case('enhanced, not corrected, reference time of its mean', enhanced(
        _named(DecayCorrected='NO'), _content(FrameReferenceDateTime=lambda _n: _at(MEAN_S))), good(NONE_F)),
    _case('enhanced, offset in some frames alone', enhanced(
        _named(DecayCorrected='NO'),
        _content(FrameAcquisitionDateTime=lambda n: _at(0) + '+0100' * (n % 2))), flagged('offset', NONE_F)),
    _case('enhanced, weight with a unit', enhanced(lambda ds: ds.add_new(WEIGHT, 'LO', '55 kg')),
          refused("'55 kg'")),
    _case('enhanced, name of the tracer contradicts', two_enhanced((2, 2), lambda ds, _n: setattr(
        ds.RadiopharmaceuticalInformationSequence[0], 'Radiopharmaceutical', 'Ga-68 PSMA')),
          flagged('not that of Ga-68', F)),
]  # fmt: skip


def dynamic(edit, frame):
    """Two times of ten minutes; an edit is told the dataset and the time."""

    def _make(folder):
        for n in range(2):
            made = Made(stored=np.full((4, 6, 7), 1000, np.uint16), edit=_frame(n, edit))
            write_files(made, folder / 'pet', prefix=f'{n}_')
        return folder / 'pet'

    return lambda folder: [*suv_of(_make)(folder), '--frame', str(frame)]


def _frame(n, edit):
    def _edit(ds, k):
        facts(ds, k)
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f'1.2.3.4.{n}.{k + 1}'
        ds.SeriesType, ds.NumberOfTimeSlices, ds.NumberOfSlices = ['DYNAMIC', 'IMAGE'], 2, 4
        ds.AcquisitionTime = tm(after(600 * n))
        ds.FrameReferenceTime = f'{1000 * (600 * n + MEAN_S):.3f}'
        ds.DecayFactor = decay_factor_of(600 * n + MEAN_S)
        edit(ds, n)

    return _edit


def _dynamic(name, edit, right, frame=2):
    return Case(name, KIND, dynamic(edit, frame), right)


DYNAMIC = [
    _dynamic('good second frame', lambda ds, n: None, good(F)),
    _dynamic('frames of two doses', lambda ds, n: drug(RadionuclideTotalDose=str(10**8 + n))(ds, 0),
             refused('RadionuclideTotalDose')),
    _dynamic('frames of two weights', lambda ds, n: setattr(ds, 'PatientWeight', str(55 + n)),
             refused('PatientWeight')),
    _dynamic('frames of two series times', lambda ds, n: setattr(ds, 'SeriesTime', tm(after(600 * n))),
             refused('SeriesTime'), 1),
]  # fmt: skip


def enhanced_dynamic(edit, command, frame=2):
    """Two times of ten minutes in one file."""

    def _make(folder):
        ds = enhanced_dataset(slices=8)
        for n, groups in enumerate(ds.PerFrameFunctionalGroupsSequence):
            place = [-20.0, 31.0, -47.5 + 4.0 * (n % 4)]
            groups.PlanePositionSequence[0].ImagePositionPatient = place
            content = groups.FrameContentSequence[0]
            content.TemporalPositionIndex = 1 + n // 4
            content.FrameAcquisitionDateTime = _at(600 * (n // 4))
        ds.PixelData = np.repeat(np.uint16([1000, 1001]), 4 * 42).tobytes()
        edit(ds)
        save(ds, folder / 'pet' / 'enhanced.dcm')
        return folder / 'pet'

    return lambda folder: [*command(_make)(folder), '--frame', str(frame)]


def _nothing_divides(ds):
    for groups in ds.PerFrameFunctionalGroupsSequence:
        groups.FrameContentSequence = item(FrameAcquisitionDuration=180_000.0)


SECOND = factor(UPTAKE_S + 600 + MEAN_S) * 1.001

ENHANCED_DYNAMIC = [
    Case('enhanced, second frame', KIND, enhanced_dynamic(
        _named(DecayCorrected='NO'), suv_of), good(SECOND)),
    Case('enhanced, second frame, info', KIND, enhanced_dynamic(lambda ds: None, info_of),
         told('Acquired: 2025-11-12T14:30:00.*Decay correction: START.*Corrections: DECY, ATTN')),
    Case('enhanced, images that nothing divides', KIND, enhanced_dynamic(_nothing_divides, info_of),
         refused('different images of one plane')),
]  # fmt: skip


def spect(edit):
    """A reconstruction of Tc-99m with all that an SUV needs."""

    def _make(folder):
        ds = MadeSPECT(stored=np.full((5, 6, 7), 1000, np.uint16)).dataset()
        facts(ds)
        one = ds.RadiopharmaceuticalInformationSequence[0]
        one.RadionuclideHalfLife, one.Radiopharmaceutical = '21626', 'Tc99m-HDP'
        one.RadionuclideCodeSequence = item(CodeValue='C-163A8', CodeMeaning='^99m^Technetium')
        del ds.DecayFactor, ds.FrameReferenceTime, ds.SeriesType
        edit(ds)
        save(ds, folder / 'pet' / 'spect.dcm')
        return folder / 'pet'

    return _make


def _by_mapping_alone(ds):
    del ds.Units, ds.RescaleSlope
    map_to_bqml(ds, SLOPE)


SPECT = [
    _case('SPECT in Bq/mL', spect(lambda ds: None), good(factor(half_life_s=21626))),
    _case('SPECT whose unit a mapping tells', spect(_by_mapping_alone), good(factor(half_life_s=21626))),
    _case('SPECT with a mapping of another slope', spect(lambda ds: map_to_bqml(ds, 6.0)), refused('0040,9096')),
]  # fmt: skip


def with_copy(**values):
    """A slice twice, and the copy tells something else."""

    def _make(folder):
        path = series()(folder)
        ds = pydicom.dcmread(sorted(path.iterdir())[1])
        for keyword, value in values.items():
            setattr(ds, keyword, value)
        save(ds, path / 'copy.img')
        return path

    return _make


def _second_item(**values):
    """The injection twice, where the second tells something else."""

    def _edit(ds, _k):
        facts_of(ds)
        second = pydicom.Dataset()
        facts(second)
        one = second.RadiopharmaceuticalInformationSequence[0]
        for keyword, value in values.items():
            setattr(one, keyword, value)
        ds.RadiopharmaceuticalInformationSequence.append(one)

    return _edit


def _second_code(ds, _k):
    facts_of(ds)
    gallium = item(CodeValue='C-131A3', CodingSchemeDesignator='SRT', CodeMeaning='^68^Gallium')[0]
    ds.RadiopharmaceuticalInformationSequence[0].RadionuclideCodeSequence.append(gallium)


def _second_unit(groups, _n):
    units = groups.RealWorldValueMappingSequence[0].MeasurementUnitsCodeSequence
    units.append(item(CodeValue='{counts}', CodingSchemeDesignator='UCUM')[0])


TWICE = [
    _case('a copy of a slice', with_copy(), told('copies of others', F)),
    _case('a copy in another unit', with_copy(Units='CNTS'), refused('Units')),
    _case('a copy of another correction', with_copy(DecayCorrection='ADMIN'), refused('DecayCorrection')),
    _case('one injection in two number formats', series(_second_item(RadionuclideTotalDose='1.85E8')), good(F)),
    _case('one injection under two names', series(_second_item(Radiopharmaceutical='18F-FDG')), good(F)),
    _case('an injection of another tracer beside', series(_second_item(Radiopharmaceutical='Ga-68 PSMA')),
          flagged('2 injections', F)),
    _case('two radionuclides of one injection', series(_second_code), flagged('C-111A1, C-131A3', F)),
    _case('enhanced, type of the values contradicts the unit', enhanced(every_frame(
        lambda groups, _n: setattr(groups.PixelValueTransformationSequence[0], 'RescaleType', 'CNTS'))),
          refused('several units')),
    _case('enhanced, two units of one mapping', enhanced(every_frame(_second_unit)), refused('several units')),
]  # fmt: skip

CASES = [
    *UNREADABLE,
    *PRIVATE,
    *VALUES,
    *ISOTOPES,
    *INSTANTS,
    *DYNAMIC,
    *ENHANCED_DYNAMIC,
    *SPECT,
    *TWICE,
]
