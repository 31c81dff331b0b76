"""Whatever a model holds, reading ends in model data or in an error that names the problems."""

from __future__ import annotations

import copy
import random
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from anello.errors import InputError
from anello.model.data import ModelData
from anello.model.definition import read_model
from small_model import RICH, write_folder
from wide_search import examples

JUNK: list[Any] = [
    None, True, 0, -1, 3.5, float("inf"), float("nan"), "", "x", "inf", "file=demand.csv", "file=",
    "df=a:b", "a,b", "1--3", [], [1], [None], [{}], {}, {"x": 1}, {"a": {"b": None}}, "1e400",
    10**400, "resource", {"_REPLACE_": None}, "::", "é", {"monetary": None}, {"el": None},
]  # fmt: skip
KEYS = ["zz", "", "a.b", ".", "x:y", "<<", "import", "1--2", "a,,b", "exists"]


def paths(mapping: dict[Any, Any], above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = []
    for key, value in mapping.items():
        found.append((*above, key))
        if isinstance(value, dict):
            found += paths(value, (*above, key))
    return found


def broken(seed: int) -> dict[str, Any]:
    """Return the rich model with one to three places deleted, renamed or filled with junk."""
    rng = random.Random(seed)
    model = yaml.safe_load(RICH)
    names = [str(key) for path in paths(model) for key in path] + KEYS
    for _ in range(rng.choice([1, 1, 2, 3])):
        path = rng.choice(paths(model))
        here = model
        for key in path[:-1]:
            here = here[key]
        action = rng.random()
        if action < 0.5:
            here[path[-1]] = copy.deepcopy(rng.choice(JUNK))
        elif action < 0.65:
            del here[path[-1]]
        elif action < 0.8:
            here[rng.choice(names)] = here.pop(path[-1])
        else:
            here[rng.choice(names)] = copy.deepcopy(rng.choice(JUNK))
    return model


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(0, 10**9), st.sampled_from([None, "s", "t", "o", "p"]), st.booleans())
@example(0, None, True)
def test_reading_ends_in_data_or_in_named_problems(seed: int, scenario: str | None, strict: bool):
    model = broken(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = write_folder(Path(folder), yaml.safe_dump(model))
        told: list[str] = []
        data = None
        try:
            data = read_model(path, scenario=scenario, strict=strict)
        except InputError as error:
            told = [p.message for p in error.problems]
    assert isinstance(data, ModelData) or (told and all(told))


def test_the_rich_model_itself_is_read():
    with tempfile.TemporaryDirectory() as folder:
        data = read_model(write_folder(Path(folder), RICH), scenario="s")
    assert data.inputs.sizes["node"] == 8
