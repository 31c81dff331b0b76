"""What a failing step shows, and what it keeps for the log."""

from __future__ import annotations

import gc
import logging
import warnings
from pathlib import Path

import pytest

from anello.errors import InfeasibleError
from anello.run.stages.reporting import reporting


def test_a_deliberate_error_is_short_on_the_screen_and_whole_in_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "logs" / "solve.log"
    with pytest.raises(SystemExit) as stopped, reporting(log, "Solving"):
        raise InfeasibleError("offices cannot be cooled at 14:00")
    assert stopped.value.code == 1
    shown = capsys.readouterr().err
    assert "Solving failed: offices cannot be cooled at 14:00" in shown
    assert str(log) in shown
    assert "Traceback" not in shown
    assert "Traceback" in log.read_text()


def test_a_fault_of_the_program_is_logged_and_raised(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with pytest.raises(ZeroDivisionError), reporting(log, "Checking"):
        _ = 1 / 0
    assert "ZeroDivisionError" in log.read_text()


def test_circles_are_looked_for_less_often_within_a_step_alone(tmp_path: Path) -> None:
    of_tests, before = gc.get_threshold(), (700, 10, 10)
    gc.set_threshold(*before)
    try:
        with reporting(tmp_path / "a.log", "Reading"):
            assert gc.isenabled()
            assert gc.get_threshold()[0] > before[0]
        assert gc.get_threshold() == before
    finally:
        gc.set_threshold(*of_tests)


def test_warnings_go_to_the_log_and_the_logging_is_put_back(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    before = list(logging.getLogger().handlers)
    with reporting(log, "Reading") as logger:
        logger.info("read 3 files")
        warnings.warn("a leftover key", stacklevel=1)
    text = log.read_text()
    assert "read 3 files" in text
    assert "a leftover key" in text
    assert logging.getLogger().handlers == before
