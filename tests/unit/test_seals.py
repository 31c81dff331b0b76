"""Checksums beside files: what is read is what was written."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anello.errors import ArtefactError
from anello.run.seals import damage, require_intact, seal, set_aside_damaged, set_back_future_times
from anello.run.stages.reporting import reporting


def test_a_seal_is_what_sha256sum_reads(tmp_path: Path) -> None:
    file = tmp_path / "mit Leerzeichen.nc"
    file.write_bytes(b"content")
    seal(file)
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", ".mit Leerzeichen.nc.sha256"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(min_size=1, max_size=200), at=st.integers(0), bit=st.integers(0, 7))
def test_every_flipped_bit_and_every_cut_is_noticed(
    tmp_path: Path, content: bytes, at: int, bit: int
) -> None:
    file = tmp_path / "ring.nc"
    file.write_bytes(content)
    seal(file)
    assert damage(file) is None
    at %= len(content)
    flipped = bytearray(content)
    flipped[at] ^= 1 << bit
    for wrong in (bytes(flipped), content[:at]):
        file.write_bytes(wrong)
        assert "ring.nc is not what was written" in str(damage(file))


@pytest.mark.parametrize("wrong", ["", "a", "\xff" * 70, "0" * 64 + "  other.nc\n"])
def test_a_damaged_seal_counts_as_damage(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "ring.nc"
    file.write_bytes(b"content")
    seal(file)
    (tmp_path / ".ring.nc.sha256").write_text(wrong, encoding="latin-1")
    assert damage(file) is not None


def test_a_folder_is_sealed_with_all_files_that_are_not_hidden(tmp_path: Path) -> None:
    folder = tmp_path / "csv"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.csv", "deep/b.csv", ".snakemake_timestamp"):
        (folder / name).write_text("1\n")
    seal(folder)
    (folder / ".snakemake_timestamp").write_text("2\n")
    assert damage(folder) is None
    (folder / "deep" / "b.csv").unlink()
    assert "b.csv cannot be read" in str(damage(folder))
    assert len(list(set_aside_damaged(tmp_path))) == 1
    assert (tmp_path / "csv.damaged" / "a.csv").is_file()
    assert not folder.exists()
    assert not list(set_aside_damaged(tmp_path))


def test_what_has_no_seal_or_is_gone_is_left_alone(tmp_path: Path) -> None:
    own, gone = tmp_path / "model.yaml", tmp_path / "gone.nc"
    own.write_text("a: 1\n")
    gone.write_text("x")
    seal(gone)
    gone.unlink()
    require_intact([own])
    assert not list(set_aside_damaged(tmp_path))


def test_a_step_refuses_damaged_input_and_seals_its_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "in.nc", tmp_path / "out.nc"
    source.write_text("right")
    seal(source)
    with reporting(tmp_path / "a.log", "Copying", [source], [target]):
        target.write_text(source.read_text())
    assert damage(target) is None
    assert (tmp_path / ".out.nc.sha256").exists()
    source.write_text("wrong")
    with (
        pytest.raises(SystemExit),
        reporting(tmp_path / "a.log", "Copying", [source], [target]),
    ):
        pytest.fail("the step must not begin")
    assert "in.nc is not what was written" in capsys.readouterr().err


def test_a_step_that_did_not_write_what_it_should_fails(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="is not there"):
        seal(tmp_path / "nothing.nc")


def test_times_in_the_future_are_set_back(tmp_path: Path) -> None:
    early, late = tmp_path / "a.nc", tmp_path / "deep" / "b.nc"
    late.parent.mkdir()
    for path, at in ((early, 1e9), (late, 4e9)):
        path.write_text("x")
        os.utime(path, (at, at))
    assert set_back_future_times(tmp_path) == 1
    assert early.stat().st_mtime == 1e9
    assert late.stat().st_mtime < 3e9


def test_a_log_on_a_full_disk_does_not_hide_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    log = Path("/dev/full")
    if not log.exists():
        pytest.skip("there is no /dev/full here")
    with pytest.raises(SystemExit), reporting(log, "Writing"):
        raise OSError(28, "No space left on device")
    shown = capsys.readouterr().err
    assert "Writing failed: [Errno 28] No space left on device" in shown
    assert "Traceback" not in shown
