"""All cases, kind by kind."""

from bad_input import (
    bound_cases,
    file_cases,
    group_cases,
    label_cases,
    series_cases,
    sidecar_cases,
    text_cases,
    time_cases,
    told_cases,
    volume_cases,
    worksheet_cases,
)

CASES = [
    *series_cases.CASES,
    *time_cases.CASES,
    *told_cases.CASES,
    *worksheet_cases.CASES,
    *label_cases.CASES,
    *group_cases.CASES,
    *file_cases.CASES,
    *volume_cases.CASES,
    *sidecar_cases.CASES,
    *bound_cases.CASES,
    *text_cases.CASES,
]
