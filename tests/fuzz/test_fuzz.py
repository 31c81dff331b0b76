"""A short, repeatable portion of the fuzzing campaign, and what the campaign has found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from anello.district.config import load_district
from anello.errors import ConfigError, InputError
from anello.model.definition import read_model
from anello.model.quality import check_series_folder
from anello.run.config import read_config
from fuzz.readers import TARGETS
from small_model import demand_csv, read, write_folder

SHORT = settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_hostile_input_is_read_or_refused(target: Callable[..., None]) -> None:
    SHORT(target)()


LAUGHS = "a0: &a0 [x, x]\n" + "".join(
    f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]\n" for k in range(1, 40)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LAUGHS, "stands for more than"),
        ("a: " + "[" * 3000, "nested deeper"),
        ("run: " + "9" * 5000, "not valid YAML"),
        ("run: 2020-99-99", "not valid YAML|run"),
        ("!!python/object/apply:os.system ['id']", "not allowed|mapping"),
        ("run: \x00", "not valid YAML"),
        ("- a", "mapping"),
    ],
)
def test_settings_that_were_not_refused_once(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        read_config(tmp_path / "config.yaml")
    with pytest.raises(ConfigError):
        load_district(tmp_path / "config.yaml")


@pytest.mark.parametrize(
    "changes",
    [
        {"model.subset_time": -1},
        {"model.subset_time": ["-1", "10000-01-01"]},
        {"model.subset_time": ["0001-01-01", "9999-12-31"]},
        {"locations.1--1000000000.techs.grid": None},
        {"techs.grid.constraints.energy_cap_max": "9" * 5000},
    ],
)
def test_models_that_were_not_refused_once(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(InputError):
        read(tmp_path, changes)


def test_numbers_of_hundreds_of_digits_are_no_surprise(tmp_path: Path) -> None:
    path = write_folder(tmp_path)
    series = tmp_path / "series" / "demand.csv"
    series.write_text(series.read_text().replace("-1,-1", f"{'9' * 400},-1", 1))
    with pytest.raises(InputError, match=r"inf|finite"):
        read_model(path)
    assert check_series_folder(tmp_path / "series").report.refused


def test_a_row_longer_than_its_header_is_refused_by_the_check(tmp_path: Path) -> None:
    series = tmp_path / "demand.csv"
    series.write_text(demand_csv().replace("-1,-1\n", "-1,-1,-1,-1\n", 1))
    assert check_series_folder(tmp_path).report.refused
