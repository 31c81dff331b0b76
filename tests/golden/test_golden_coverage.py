"""Every parameter, cost and group constraint moves the optimum of some golden case."""

from __future__ import annotations

import pytest
import yaml

from golden import coverage, make_series
from golden.cases import FOLDER, cases


@pytest.fixture(scope="module")
def found():
    return coverage.coverage()


@pytest.mark.parametrize("setting", coverage.required(), ids=lambda s: "-".join(s))
def test_some_case_tests_the_setting(found, setting):
    assert found.get(setting), f"no golden case whose optimum {setting[1]} moves"


def test_there_are_at_least_thirty_six_models():
    assert len({case.model for case in cases()}) >= 36


def test_the_forty_three_group_constraints_are_asked_for():
    assert len(coverage.GROUPS) == 43


def test_every_file_is_valid_yaml_with_a_comment_that_says_what_it_tests():
    for path in FOLDER.glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith("# "), path.name
        assert isinstance(yaml.safe_load(text), dict), path.name


def test_the_series_are_what_their_formulas_make():
    for name, text in make_series.series().items():
        assert (make_series.FOLDER / name).read_text(encoding="utf-8") == text, name
    assert {p.name for p in make_series.FOLDER.iterdir()} == set(make_series.series())


def test_the_table_in_the_documentation_is_current():
    page = coverage.PAGE.read_text(encoding="utf-8")
    assert coverage.with_table(page) == page, "run python tests/golden/coverage.py"
