"""Body sizes that SUVs are normalized to."""

from __future__ import annotations

from typing import Literal

Sex = Literal['M', 'F', 'O']
"""As Patient's Sex (0010,0040): male, female, other."""


def lean_body_mass_james_kg(weight_kg: float, height_cm: float, sex: Sex) -> float:
    """
    Lean body mass after James, with 128 for men.

    Parameters
    ----------
    weight_kg : float
        Body weight, in kilogram.

    height_cm : float
        Body height, in centimeter.

    sex : {'M', 'F', 'O'}
        For ``'O'`` the mean of both formulas is taken.

    Returns
    -------
    mass_kg : float
        1.10 W - 128 (W/H)² for men, 1.07 W - 148 (W/H)² for women.

    References
    ----------
    James WPT, Research on Obesity, HMSO 1976; DICOM calls it LBMJAMES128.

    Examples
    --------
    >>> round(lean_body_mass_james_kg(70.0, 175.0, 'M'), 2)
    56.52
    """
    square = (weight_kg / height_cm) ** 2
    return _by_sex(1.10 * weight_kg - 128.0 * square, 1.07 * weight_kg - 148.0 * square, sex)


def lean_body_mass_janmahasatian_kg(weight_kg: float, height_cm: float, sex: Sex) -> float:
    """
    Lean body mass after Janmahasatian.

    Parameters
    ----------
    weight_kg : float
        Body weight, in kilogram.

    height_cm : float
        Body height, in centimeter.

    sex : {'M', 'F', 'O'}
        For ``'O'`` the mean of both formulas is taken.

    Returns
    -------
    mass_kg : float
        9270 W / (6680 + 216 B) for men, 9270 W / (8780 + 244 B) for women,
        with the body mass index B in kg/m².

    References
    ----------
    Janmahasatian et al., Clin Pharmacokinet 2005; 44: 1051; DICOM calls it LBMJANMA.
    """
    index = weight_kg / (height_cm / 100.0) ** 2
    male = 9270.0 * weight_kg / (6680.0 + 216.0 * index)
    female = 9270.0 * weight_kg / (8780.0 + 244.0 * index)
    return _by_sex(male, female, sex)


def ideal_body_weight_kg(height_cm: float, sex: Sex) -> float:
    """
    Ideal body weight.

    Parameters
    ----------
    height_cm : float
        Body height, in centimeter.

    sex : {'M', 'F', 'O'}
        For ``'O'`` the mean of both formulas is taken.

    Returns
    -------
    weight_kg : float
        48.0 + 1.06 (H - 152) for men, 45.5 + 0.91 (H - 152) for women.

    References
    ----------
    Sugawara et al., Radiology 1999; 213: 521.
    """
    above = height_cm - 152.0
    return _by_sex(48.0 + 1.06 * above, 45.5 + 0.91 * above, sex)


def body_surface_area_m2(weight_kg: float, height_cm: float) -> float:
    """
    Body surface area after Du Bois and Du Bois.

    Parameters
    ----------
    weight_kg : float
        Body weight, in kilogram.

    height_cm : float
        Body height, in centimeter.

    Returns
    -------
    area_m2 : float
        0.007184 W^0.425 H^0.725, in square meter.

    References
    ----------
    Du Bois and Du Bois, Arch Intern Med 1916; 17: 863.

    Examples
    --------
    >>> round(body_surface_area_m2(70.0, 175.0), 3)
    1.848
    """
    return float(0.007184 * weight_kg**0.425 * height_cm**0.725)


def _by_sex(male: float, female: float, sex: Sex) -> float:
    return {'M': male, 'F': female, 'O': (male + female) / 2.0}[sex]
