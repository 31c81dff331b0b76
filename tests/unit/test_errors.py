"""Errors and how they read."""

from __future__ import annotations

import pickle

import pytest

from anello import errors
from anello.errors import AnelloError, ConfigError, InputError, Problem, did_you_mean


def test_a_problem_tells_all_it_knows():
    problem = Problem("too large", "m.yaml", 3, "a.b", 7, "Use less")
    assert str(problem) == "m.yaml:3: `a.b`: too large (value: 7). Use less"
    assert str(Problem("too large")) == "too large"
    assert str(Problem("too large", file="m.yaml")) == "m.yaml: too large"


def test_long_values_are_shortened():
    assert len(str(Problem("bad", value="x" * 1000))) < 160


def test_an_input_error_lists_every_problem():
    error = InputError(["one", Problem("two", key="k")], summary="Cannot read")
    assert str(error) == "Cannot read:\n  - one\n  - `k`: two"
    assert [p.message for p in error.problems] == ["one", "two"]
    assert str(InputError("alone")) == "alone"
    assert str(InputError(["one", "two"])).startswith("2 problems found:")


def test_errors_survive_being_sent_to_another_process():
    error = pickle.loads(pickle.dumps(ConfigError([Problem("x", key="k")], "Sum")))
    assert isinstance(error, ConfigError)
    assert str(error) == "Sum:\n  - `k`: x"


@pytest.mark.parametrize(
    "name", [n for n in vars(errors) if n.endswith("Error") and n != "AnelloError"]
)
def test_one_root_catches_all(name: str):
    assert issubclass(getattr(errors, name), AnelloError)


def test_suggestions_are_close_or_absent():
    assert did_you_mean("enrgy_eff", ["energy_eff", "lifetime"]) == "Did you mean `energy_eff`?"
    assert did_you_mean("zzz", ["energy_eff"]) is None
