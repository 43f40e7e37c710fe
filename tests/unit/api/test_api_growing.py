"""Going on where the last conversion of a growing file ended, or from the beginning if it is another one."""

from __future__ import annotations

import io

import pytest

from stationmaster.api import Resume
from stationmaster.api.growing import go_on, mark


def test_a_file_that_grew_is_read_on_with_the_state_that_was_kept() -> None:
    old, new = io.BytesIO(b"a" * 5000), io.BytesIO(b"a" * 5000 + b"more")
    kept = mark(old, 5000, line=7)
    assert kept.offset == 5000
    assert go_on(new, 5004, kept) == (5000, {"line": 7})
    assert new.read() == b"more"


@pytest.mark.parametrize("resume", [None, Resume(0), Resume(3), Resume(-3, {"check": ""}), Resume(99)])
def test_what_fits_no_mark_is_read_from_the_beginning(resume: Resume | None) -> None:
    file = io.BytesIO(b"abcdef")
    assert go_on(file, 6, resume) == (0, {})
    assert file.read() == b"abcdef"


def test_a_changed_file_is_read_from_the_beginning() -> None:
    kept = mark(io.BytesIO(b"abcdef"), 4)
    assert go_on(io.BytesIO(b"abXdef"), 6, kept) == (0, {})
    assert go_on(io.BytesIO(b"ab"), 2, kept) == (0, {})
