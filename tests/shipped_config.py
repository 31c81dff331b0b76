"""The configuration that is shipped, and what a user lays over it."""

from __future__ import annotations

from pathlib import Path

from anello.run.config import RunConfig, read_config

ROOT = Path(__file__).resolve().parents[1]
DEFAULT = ROOT / "config" / "config.yaml"


def read_with(folder: Path, *texts: str) -> RunConfig:
    """Read it with overlays, which become files of the folder: mine.yaml, mine1.yaml, …"""
    files = []
    for number, text in enumerate(texts):
        files.append(folder / f"mine{number or ''}.yaml")
        files[-1].write_text(text, encoding="utf-8")
    return read_config(DEFAULT, *files)
