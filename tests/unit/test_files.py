"""Files are whole or absent; checksums see what they should."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from anello.base import files
from anello.base.files import atomic_path, sha256, write_json, write_text


def test_the_file_appears_only_at_the_end_and_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "a.nc"
    with atomic_path(target) as temporary:
        assert temporary.parent == target.parent
        assert temporary.suffix == ".nc"
        temporary.write_bytes(b"x" * 1000)
        assert not target.exists()
    assert target.read_bytes() == b"x" * 1000
    assert os.listdir(target.parent) == ["a.nc"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")

    def write_half() -> None:
        with atomic_path(target) as temporary:
            temporary.write_text("ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "a.txt"):
        pass


def test_json_keeps_the_order_of_keys_and_refuses_nan(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    write_json(target, {"b": 1.5, "a": ["°C"]})
    assert list(json.loads(target.read_text(encoding="utf-8"))) == ["b", "a"]
    with pytest.raises(ValueError, match="JSON"):
        write_json(target, {"a": float("nan")})
    assert "b" in target.read_text()


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    content = os.urandom(3_000_000)
    (tmp_path / "a").write_bytes(content)
    assert sha256(tmp_path / "a") == hashlib.sha256(content).hexdigest()


def test_a_full_disk_is_called_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The NetCDF library calls it a lack of permission, or an error of HDF."""
    monkeypatch.setattr(files, "_FULL_BYTES", 1 << 62)
    for error in (PermissionError(13, "Permission denied"), RuntimeError("NetCDF: HDF error")):
        with (
            pytest.raises(OSError, match="No space left on device"),
            atomic_path(tmp_path / "ring.nc"),
        ):
            raise error
    assert not list(tmp_path.iterdir())
