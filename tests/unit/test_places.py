"""Locations, links and distances."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from anello.model.definition.distance import distance_between
from anello.model.definition.places import expand_keys
from small_model import problems, read

LINK = "links: {'a, b': {techs: {line: }}}\n"


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("a", ["a"]),
        ("1--3", ["1", "2", "3"]),
        ("1--3,6, 9--11 ,a", ["1", "2", "3", "6", "9", "10", "11", "a"]),
        ("region1-1, region1-2", ["region1-1", "region1-2"]),
    ],
)
def test_location_keys_expand(key: str, names: list[str]):
    assert expand_keys(key) == names


@pytest.mark.parametrize("key", ["", "a,,b", "3--1", "a--c", "1--999999999999999999"])
def test_faulty_location_keys_are_refused(key: str):
    with pytest.raises(ValueError, match=r"empty|backwards|whole numbers|more than"):
        expand_keys(key)


def test_several_keys_add_to_one_location(tmp_path: Path):
    data = read(tmp_path, "locations: {'b,c': {available_area: 5}, 'c,1--2': {techs: {grid: }}}")
    assert list(data.inputs["loc"].values) == ["a", "b", "c", "1", "2"]
    assert {"c::grid", "1::grid", "2::grid"} <= set(data.inputs["node"].values)
    areas = data.inputs["loc_available_area"]
    assert areas.sel(loc="c") == areas.sel(loc="b") == 5
    assert np.isnan(areas.sel(loc="a"))
    found = problems(tmp_path, "locations: {c.available_area: 5, 'b,c': {available_area: 6}}")
    assert "given by two entries" in found[0]


def test_a_location_without_technologies_is_a_transmission_node(tmp_path: Path):
    data = read(
        tmp_path, "locations.n: \nlinks: {'a,n': {techs: {line: }}, 'n,b': {techs: {line: }}}"
    )
    assert "n::line:a" in data.inputs["node"].values


def test_a_link_has_a_node_at_each_end(tmp_path: Path):
    data = read(tmp_path, LINK)
    inputs = data.inputs
    ends = data.nodes("transmission")
    assert list(inputs["node"].values[ends]) == ["a::line:b", "b::line:a"]
    assert list(inputs["node_remote"].values[ends]) == ["b::line:a", "a::line:b"]
    assert list(inputs["node_tech"].values[ends]) == ["line:b", "line:a"]
    assert list(inputs["node_loc"].values[ends]) == ["a", "b"]


def test_a_link_from_a_location_to_itself_is_one_node(tmp_path: Path):
    data = read(tmp_path, "links: {'a,a': {techs: {line: }}}")
    (end,) = data.nodes("transmission")
    assert data.inputs["node"].values[end] == data.inputs["node_remote"].values[end]
    assert data.inputs["node"].values[end] == "a::line:a"
    one_way = "\ntechs.line.constraints.one_way: true"
    data = read(tmp_path, "links: {'a,a': {techs: {line: }}}" + one_way)
    assert data.value("energy_prod", data.nodes("transmission")) == [0]
    twice = "links: {'a,a': {techs: {line: }}, 'a, b': {techs: {line: }}, 'b,b.techs.line': }"
    assert read(tmp_path, twice).nodes("transmission").size == 4


def test_a_link_to_a_location_that_is_not_there_may_be_left_out(tmp_path: Path):
    links = "links: {'a,zz': {techs: {line: }}, 'a,b': {techs: {line: }}}"
    assert any("`zz` is not defined" in p for p in problems(tmp_path, links))
    data = read(tmp_path, links, strict=False)
    assert data.nodes("transmission").size == 2
    assert any("the link is left out" in w for w in data.warnings)


def test_one_way_sends_from_the_first_location_only(tmp_path: Path):
    data = read(tmp_path, LINK + "techs.line.constraints.one_way: true")
    ends = data.positions(["a::line:b", "b::line:a"])
    assert list(data.value("energy_prod", ends)) == [0, 1]
    assert list(data.value("energy_con", ends)) == [1, 0]


def test_what_does_not_exist_is_left_out(tmp_path: Path):
    data = read(tmp_path, LINK + "links.a,b.techs.line.exists: false")
    assert not data.nodes("transmission").size
    data = read(tmp_path, LINK + "locations.b.exists: false")
    assert list(data.inputs["loc"].values) == ["a"]
    assert "removed b" in data.warnings[0]
    data = read(tmp_path, "locations.b.techs.grid.exists: false")
    assert "b::grid" not in data.inputs["node"].values


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("locations.b: [1]", "a location must be a mapping"),
        ("locations.b.grid: ", "belongs below `techs`"),
        ("locations.b.techs.gird: ", "Did you mean `grid`"),
        ("locations.b.techs.grid.constrants.lifetime: 3", "Did you mean `constraints`"),
        ("locations.b.techs.grid: 3", "must be a mapping or empty"),
        ("locations.b.techs.line: ", "belongs to a link"),
        ("locations.b.available_area: -3", "at least 0"),
        ("locations.'b:c'.techs.grid: ", "no colon"),
        ("locations.b.techs.grid.essentials.color: red", "the same at every location"),
        ("links: {'a,b,c': {techs: {line: }}}", "must name two locations"),
        ("links: {'a,zz': {techs: {line: }}}", "`zz` is not defined"),
        ("links: {'a,b': {techs: {grid: }}}", "only a transmission technology"),
        ("links: {'a,b': {techs: {lines: }}}", "Did you mean `line`"),
        ("links: {'a,b': {line: }}", "belongs below `techs`"),
        (LINK + "links.b,a.techs.line: ", "serves both directions"),
        (LINK + "links: {'a, b': {techs: {line: {distance: -1}}}}", "at least 0"),
        ("locations: {a.coordinates: {x: 1, y: 1}}", "either all locations have coordinates"),
        ("locations: {a.coordinates: {x: 1, lat: 1}}", "must be {lat"),
        ("locations: {a.coordinates: {x: 1, y: b}}", "must be numbers"),
        ("locations: {a.coordinates: {lat: 95, lon: 2}}", "no place on Earth"),
        (
            "locations: {a.coordinates: {lat: 1, lon: 1}, b.coordinates: {x: 1, y: 2}}",
            "the same system",
        ),
    ],
)
def test_faults_of_places_are_told(tmp_path: Path, override: str, message: str):
    found = problems(tmp_path, override)
    assert any(message in p for p in found), found


def test_distances_on_the_ellipsoid_and_in_the_plane():
    assert distance_between((40.0, -2.0), (40.0, -8.0), ("lat", "lon")) == 512_266
    # T. Vincenty's own hard case, nearly antipodal: 19 936 288.579 m.
    assert distance_between((0.0, 0.0), (0.5, 179.5), ("lat", "lon")) == 19_936_289
    assert distance_between((45.0, 9.0), (45.0, 9.0), ("lat", "lon")) == 0
    assert distance_between((0.0, 0.0), (3.0, 4.0), ("x", "y")) == 5


def test_parameters_per_distance_are_worked_in(tmp_path: Path):
    override = (
        "techs.line: {constraints: {energy_eff: 0.9, energy_eff_per_distance: 0.99, lifetime: 10},"
        " costs.monetary: {energy_cap: 1, energy_cap_per_distance: 2, purchase_per_distance: 3,"
        " interest_rate: 0}}\n"
    )
    data = read(tmp_path, LINK + override + "links.a,b.techs.line.distance: 10")
    ends = data.nodes("transmission")
    np.testing.assert_allclose(data.value("energy_eff", ends), 0.9 * 0.99**10)
    np.testing.assert_allclose(data.value("cost_energy_cap", ends)[0], 21)
    np.testing.assert_allclose(data.value("cost_purchase", ends)[0], 30)
    np.testing.assert_allclose(data.inputs["distance"].values[ends], 10)
    assert "cost_energy_cap_per_distance" not in data.inputs
    assert "need a `distance`" in problems(tmp_path, LINK + override)[0]
