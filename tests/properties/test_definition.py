"""Properties of configuration trees and model data that hold for any content."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from anello.model.data import ModelData
from anello.model.definition.composition import expand_scenario
from anello.model.definition.node_values import depreciation_rate
from anello.model.definition.places import expand_keys
from anello.model.schema.report import Report
from anello.model.schema.tree import Tree
from anello.model.schema.yaml_reader import parse_scalar, parse_yaml
from small_model import read

KEYS = st.sampled_from(["a", "b", "c", "d"])
LEAVES = st.integers(0, 9) | st.booleans() | st.sampled_from(["x", "y"])
NESTED = st.recursive(
    LEAVES, lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=3), max_leaves=8
)
MAPPINGS = st.dictionaries(KEYS, NESTED, max_size=4)


def tree(mapping: dict[str, Any]) -> Tree:
    return Tree.from_mapping(mapping, "<test>", Report())


def flat(mapping: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in mapping.items():
        if isinstance(value, dict):
            out |= flat(value, f"{prefix}{key}.")
        else:
            out[f"{prefix}{key}"] = value
    return out


def merged(*trees: Tree) -> Tree:
    result = Tree()
    for other in trees:
        result.merge(other)
    return result


def same_shape(*mappings: dict[str, Any]) -> bool:
    """Whether no mapping has a plain value where another has keys."""
    paths = [set(flat(m)) for m in mappings]
    return not any(
        q.startswith(f"{p}.")
        for mine, other in itertools.permutations(paths, 2)
        for p in mine
        for q in other
    )


@given(MAPPINGS)
def test_dotted_keys_equal_nested_ones(mapping: dict[str, Any]):
    assert tree(flat(mapping)) == tree(mapping)
    assert {path: value for path, value, _ in tree(mapping).leaves()} == flat(mapping)


@given(MAPPINGS)
def test_yaml_and_mappings_read_alike(mapping: dict[str, Any]):
    text = yaml.safe_dump(mapping, default_flow_style=True)
    assert parse_yaml(text, "<test>", Report()) == tree(mapping)
    assert tree(mapping).plain() == mapping


@given(MAPPINGS, MAPPINGS)
def test_merging_keeps_the_later_value_of_each_key(one: dict[str, Any], two: dict[str, Any]):
    if same_shape(one, two):
        assert merged(tree(one), tree(two)) == tree(flat(one) | flat(two))


@given(MAPPINGS, MAPPINGS, MAPPINGS)
def test_merging_is_associative_where_shapes_agree(
    one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]
):
    if same_shape(one, two, three):
        left = merged(merged(tree(one), tree(two)), tree(three))
        assert left == merged(tree(one), merged(tree(two), tree(three)))


@given(MAPPINGS)
def test_merging_twice_changes_nothing_and_leaves_the_other_alone(mapping: dict[str, Any]):
    source = tree(mapping)
    target = merged(source, source)
    assert target == source
    for key in list(target):
        if isinstance(target[key], Tree):
            target[key]["new"] = 1
    assert source == tree(mapping)


@given(st.floats(allow_nan=False))
def test_numbers_survive_yaml(number: float):
    assert parse_scalar(yaml.safe_dump(number).split("\n")[0]) == number


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20))
def test_any_text_survives_yaml_in_quotes(text: str):
    quoted = yaml.safe_dump({"k": text}, allow_unicode=True, default_style='"')
    assert parse_yaml(quoted, "<test>", Report())["k"] == text


@given(st.permutations(["p", "q", "r"]))
def test_overrides_of_different_keys_may_come_in_any_order(order: list[str]):
    from anello.model.definition.composition import compose

    config = {"overrides": {name: {f"x.{name}": name} for name in "pqr"}}
    report = Report()
    result = compose(config, ",".join(order), None, None, report)
    report.raise_errors()
    assert result.tree["x"] == {"p": "p", "q": "q", "r": "r"}
    assert result.overrides == order
    assert expand_scenario(result.tree, ",".join(order), report) == order


@given(st.integers(0, 500), st.integers(0, 50))
def test_a_range_of_locations_has_its_ends(first: int, more: int):
    names = expand_keys(f"{first}--{first + more}")
    assert len(names) == more + 1
    assert (names[0], names[-1]) == (str(first), str(first + more))


@given(st.floats(0, 0.5), st.floats(0.5, 100))
def test_an_annuity_repays_the_investment(interest: float, lifetime: float):
    rate = depreciation_rate(interest, lifetime)
    if interest < 1e-9:
        assert np.isclose(rate * lifetime, 1, rtol=1e-6)
    else:
        present_value = rate * (1 - (1 + interest) ** -lifetime) / interest
        assert np.isclose(present_value, 1, rtol=1e-6)


@settings(max_examples=15, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["energy_eff", "energy_cap_max", "energy_cap_min", "lifetime"]),
        st.floats(0, 1e12),
    ).filter(lambda one: one.get("energy_cap_min", 0) <= one.get("energy_cap_max", np.inf)),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=10),
)
def test_saving_and_loading_changes_nothing(constraints: dict[str, float], name: str):
    override = {"techs": {"grid": {"constraints": constraints, "essentials": {"name": name}}}}
    with tempfile.TemporaryDirectory() as folder:
        data = read(Path(folder), override)
        data.save(Path(folder) / "data.nc")
        loaded = ModelData.load(Path(folder) / "data.nc")
    assert loaded.inputs.identical(data.inputs)
    assert (loaded.config, loaded.warnings) == (data.config, data.warnings)
