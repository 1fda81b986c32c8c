"""What is too large is refused before anything is allocated or read."""

import os
import time

import pytest
from VOIIdentificationLib.core import bounds
from VOIIdentificationLib.core.bounds import (
    memory_limit_bytes,
    read_text_file,
    require_memory,
    require_stored,
)
from VOIIdentificationLib.core.errors import InputFileError, SeriesError


def test_the_limit_is_a_part_of_what_this_computer_has():
    assert 2**28 < memory_limit_bytes() < 2**50


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='limits of a process are a thing of POSIX')
def test_a_limit_of_the_shell_counts(monkeypatch):
    import resource

    monkeypatch.setattr(resource, 'getrlimit', lambda _kind: (10**9, 10**9))
    assert memory_limit_bytes() == pytest.approx(0.8e9)


def test_a_limit_of_the_container_counts(monkeypatch, tmp_path):
    (tmp_path / 'max').write_text('max\n')
    (tmp_path / 'some').write_text('500000000\n')
    monkeypatch.setattr(bounds, '_CGROUP_LIMITS', (tmp_path / 'max', tmp_path / 'some'))
    assert memory_limit_bytes() == pytest.approx(0.4e9)


def test_a_system_that_does_not_tell_has_a_limit_too(monkeypatch):
    monkeypatch.delattr(os, 'sysconf')
    assert memory_limit_bytes() <= 0.8 * bounds.UNKNOWN_MEMORY_BYTES


@pytest.mark.parametrize('needed', [3000**3 * 4.0 * 1000, float('inf'), float('nan')])
def test_what_does_not_fit_is_said_with_both_sizes(needed):
    with pytest.raises(
        SeriesError, match=r'the series needs .* GiB of memory; this computer allows'
    ):
        require_memory(needed, 'the series', error=SeriesError)


def test_what_fits_is_let_through():
    require_memory(10**6, 'the series')
    require_stored(100, 100, 'x.nrrd')
    require_stored(100_000, 100, 'x.nrrd', deflated=True)


@pytest.mark.parametrize('claim', [(101, False), (103_300, True), (float('nan'), True)])
def test_a_header_that_claims_more_than_the_file_holds_is_refused(claim):
    size, deflated = claim
    with pytest.raises(InputFileError, match=r'x\.nrrd is truncated or damaged.* the file has 100'):
        require_stored(size, 100, 'x.nrrd', deflated=deflated)


def test_deflate_cannot_do_better_than_the_ratio():
    import zlib

    packed = zlib.compress(bytes(50_000_000), 9)
    assert 0.95 < 50_000_000 / len(packed) / bounds.DEFLATE_MAX_RATIO <= 1


def sentence_within_a_second(path):
    start = time.monotonic()
    with pytest.raises(InputFileError) as caught:
        read_text_file(path, f'the seeds file {path}')
    assert time.monotonic() - start < 1
    return str(caught.value)


def test_a_large_foreign_file_is_not_read(tmp_path):
    path = tmp_path / 'film.json'
    with path.open('wb') as file:
        file.truncate(50 * 2**30)  # a sparse one
    assert 'another file is meant' in sentence_within_a_second(path)


def test_folders_devices_and_pipes_are_no_files(tmp_path):
    assert 'no file but a folder or a device' in sentence_within_a_second(tmp_path)
    assert 'cannot be read' in sentence_within_a_second(tmp_path / 'a\0b')
    if hasattr(os, 'mkfifo'):
        os.mkfifo(tmp_path / 'pipe')
        assert 'no file but' in sentence_within_a_second(tmp_path / 'pipe')


def test_text_is_read_with_and_without_a_byte_order_mark(tmp_path):
    (tmp_path / 'a').write_bytes('\ufeffGrößen'.encode())
    (tmp_path / 'b').write_bytes('Größen'.encode())
    assert read_text_file(tmp_path / 'a', 'it') == read_text_file(tmp_path / 'b', 'it') == 'Größen'
