"""A comparison as a workbook of tidy tables, by pandas."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import OutputError
from ..core.plain_text import plain_text
from ..core.sentence import sentences
from ..evaluate.quantities import QUANTITY_OF
from .comparison_text import METHOD
from .differences import Difference, GroupValue, group_values, sort_key
from .groups import Group

if TYPE_CHECKING:
    import pandas as pd

_ = sentences(__name__)

_MAX_WIDTH = 60
_MIN_WIDTH = 9


def write_workbook(
    path: Path, groups: Sequence[Group], reference: Group, found: Sequence[Difference]
) -> None:
    """
    Write the workbook.

    Parameters
    ----------
    path : `pathlib.Path`
        The file to write.

    groups : sequence of Group
        What is compared.

    reference : Group
        With what.

    found : sequence of Difference
        The differences.

    Raises
    ------
    OutputError
        If pandas or openpyxl is not installed.
    """
    try:
        import openpyxl  # noqa: F401  # pandas writes with it
        import pandas as pd
    except ModuleNotFoundError as error:
        msg = _('a workbook needs the Python package {name}, which is not installed.').format(
            name=error.name
        )
        raise OutputError(msg) from error
    tables = {
        'Differences': _differences_table(found),
        'Means': _means_table(groups),
        'Values': _values_table(groups),
        'Groups': _groups_table(groups, reference),
        'Method': pd.DataFrame({'Method': list(METHOD)}),
    }
    with pd.ExcelWriter(path, engine='openpyxl') as writer:
        for name, table in tables.items():
            table.map(_cell).to_excel(writer, sheet_name=name, index=False)
            _finish(writer.sheets[name])


def _differences_table(found: Sequence[Difference]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {
                **_of(one.value),
                'Group': one.group,
                'Value': one.value.mean,
                'Reference': one.reference.mean,
                'Difference': one.difference,
                'Difference [%]': one.percent,
                'Standard uncertainty': one.sd,
                'Degrees of freedom': _finite(one.freedom),
                'Half width 68 %': one.half_width_68,
                'Half width 95 %': one.half_width_95,
                'Differs (95 %)': _yes_no(one.different),
                'Remark': '; '.join(one.notes),
            }
            for one in found
        ]
    )


def _means_table(groups: Sequence[Group]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {
                **_of(value),
                'Group': group.name,
                'n': value.count,
                'Mean': value.mean,
                'SD': value.sd,
                'SD of the mean (noise)': value.noise_sd,
                'SD by the fill': value.fill_sd,
                'Flags': ' '.join(value.flags),
            }
            for group in groups
            for value in sorted(group_values(group).values(), key=sort_key)
        ]
    )


def _values_table(groups: Sequence[Group]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {
                'Result': member.name,
                'Group': group.name,
                'Scanned': member.scanned_at,
                'quantity': value.quantity,
                'label': value.label,
                'diameter_mm': value.diameter_mm,
                'value': value.value,
                'unit': value.unit,
                'noise_sd': value.noise_sd,
                'fill_sd': value.fill_sd,
                'flags': ' '.join(value.flags),
            }
            for group in groups
            for member in group.members
            for value in member.measured
        ]
    )


def _groups_table(groups: Sequence[Group], reference: Group) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {
                'Group': group.name,
                'Reference': _yes_no(group is reference),
                'Result': member.name,
                'Why': group.reason,
                'Scanner': member.signature.scanner,
                'Reconstruction': member.signature.reconstruction,
                'Fill': member.signature.fill,
                'Scanned': member.scanned_at,
                'Series UID': member.series_uid,
                'Software': member.software,
                'File': str(member.path),
            }
            for group in groups
            for member in group.members
        ]
    )


def _of(value: GroupValue) -> dict[str, Any]:
    return {
        'Quantity': QUANTITY_OF[value.key.quantity].title,
        'Sphere': value.key.label,
        'Diameter [mm]': value.diameter_mm,
        'Unit': value.key.unit,
    }


def _yes_no(value: bool | None) -> str:
    return '' if value is None else ('yes' if value else 'no')


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _cell(cell: Any) -> Any:
    return plain_text(cell) if isinstance(cell, str) else cell


def _finish(sheet: Any) -> None:
    """First row frozen and filtered, columns as wide as their texts, no text a formula."""
    sheet.freeze_panes = 'A2'
    sheet.auto_filter.ref = sheet.dimensions
    for column in sheet.iter_cols():
        longest = max(len(str(cell.value)) for cell in column if cell.value is not None)
        width = longest if isinstance(column[-1].value, str) else len(str(column[0].value))
        letter = column[0].column_letter
        sheet.column_dimensions[letter].width = min(max(width + 2, _MIN_WIDTH), _MAX_WIDTH)
        for cell in column:
            if cell.data_type == 'f':
                cell.data_type = 's'
