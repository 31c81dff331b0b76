"""Sizes whose smallest is above their largest are refused with key and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anello.errors import InputError
from small_model import read


def grid(**constraints: Any) -> dict[str, Any]:
    return {"techs": {"grid": {"constraints": constraints}}}


@pytest.mark.parametrize("size", ["energy_cap", "units"])
def test_they_are_refused_once_for_each_place(tmp_path: Path, size: str):
    given = {f"{size}_min": 9, f"{size}_max": 4}
    if size == "units":
        given["energy_cap_per_unit"] = 10
    with pytest.raises(InputError, match="no size is at least 9 and at most 4") as found:
        read(tmp_path, grid(**given))
    keys = [problem.key for problem in found.value.problems]
    assert keys == [f"locations.{place}.techs.grid.constraints.{size}_min" for place in "ab"]


def test_a_fixed_size_stands_above_both(tmp_path: Path):
    read(tmp_path, grid(energy_cap_min=9, energy_cap_max=4, energy_cap_equals=5))


def test_what_need_not_be_bought_may_have_none(tmp_path: Path):
    changes = grid(energy_cap_min=9, energy_cap_max=4)
    changes["techs"]["grid"]["costs"] = {"monetary": {"purchase": 5, "interest_rate": 0.1}}
    changes["techs"]["grid"]["constraints"]["lifetime"] = 20
    read(tmp_path, changes)


def test_a_receding_horizon_looks_at_no_smallest_size(tmp_path: Path):
    changes = grid(energy_cap_min=9, energy_cap_max=4, energy_cap_equals=4)
    operate = {"mode": "operate", "operation": {"horizon": 24, "window": 24}}
    read(tmp_path, {**changes, "run": operate})
