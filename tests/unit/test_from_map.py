"""A district laid on a map: what is read, what is laid, and what is refused."""

import json
import shlex
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
import yaml

from anello.cli import main
from anello.district.config import load_district, parse_district
from anello.district.from_map import (
    MapOptions,
    district_from_map,
    loop_settings,
    tree_settings,
    write_map,
)
from anello.district.from_map.catalogue import pipes, use_table
from anello.district.from_map.cheapest import MOST_PA_PER_M, PipePrices
from anello.district.from_map.ground import ground_below
from anello.district.project import ring_costs
from anello.district.uses import Use, use_aliases
from anello.errors import InputError
from anello.examples.quarter_map import PLANT_DEG, copy_quarter
from anello.present.district_map import USE_COLOURS
from anello.ring.capital import RingCosts, ring_capital
from anello.ring.config import RingConfig
from anello.ring.hydraulics import pump_power_kw
from anello.ring.loop_config import LoopConfig
from anello.run.folder import RunFolder


@pytest.fixture(scope="module")
def quarter(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quarter")
    copy_quarter(folder / "map")
    return folder / "map"


def lay(quarter, tmp_path, options=None, plant=PLANT_DEG, **files):
    buildings = files.get("buildings", quarter / "buildings.geojson")
    streets = files.get("streets", quarter / "streets.geojson")
    options, base = options or MapOptions(), files.get("base")
    return district_from_map(buildings, streets, plant, options, base, tmp_path)


def changed(quarter, tmp_path, name, change):
    content = json.loads((quarter / name).read_text())
    change(content)
    path = tmp_path / name
    path.write_text(json.dumps(content))
    return path


def test_a_quarter_becomes_a_description_and_a_loop(quarter, tmp_path, capsys):
    told = ["district", "from-map", f"{quarter}/buildings.geojson", f"{quarter}/streets.geojson"]
    told += ["--plant", ",".join(map(str, PLANT_DEG)), "--output", str(tmp_path / "out")]
    assert main(told) == 0
    printed = capsys.readouterr().out.splitlines()
    new, run = (shlex.split(line)[1:] for line in printed if line.startswith("  anello"))
    assert main(new) == 0
    assert f"  {shlex.join(['anello', *run])}" in capsys.readouterr().out.splitlines()
    place = RunFolder(tmp_path / "out")
    assert place.read(place.files()).ring.model == "loop"
    district = load_district(tmp_path / "out" / "district.yaml")
    assert len(district.locations) == 8
    pipes = yaml.safe_load((tmp_path / "out" / "pipes.yaml").read_text())["ring"]["loop"]
    loop = LoopConfig.model_validate(pipes)
    assert len(loop.segments) == len(loop.substations) == 9
    drawn = json.loads((tmp_path / "out" / "network.geojson").read_text())["features"]
    kinds = [one["properties"]["kind"] for one in drawn]
    assert kinds.count("building") == 60
    assert "<svg" in (tmp_path / "out" / "map.svg").read_text()


@pytest.mark.parametrize("layout", ["loop", "tree"])
@pytest.mark.parametrize("pipe", ["pe100", "steel"])
def test_pipes_carry_what_the_buildings_ask_for(quarter, tmp_path, layout, pipe):
    network = lay(quarter, tmp_path, MapOptions(8, layout, pipe, 4.0, 100.0))
    assert sum(len(one.buildings) for one in network.substations) == 60
    for segment in network.segments:
        assert segment.flow_kg_s > 0
        assert segment.size.gradient_pa_per_m(segment.flow_kg_s) <= 100.0
    if layout == "loop":
        # A ring is closed: each segment begins where the one before ended.
        assert all(first.end == then.start for first, then in pairwise(network.segments))
        assert network.segments[-1].end == network.segments[0].start
        assert len({segment.flow_kg_s for segment in network.segments}) == 1
    else:
        assert len(network.segments) >= len(network.substations)


@pytest.mark.parametrize("price", [0.05, 0.3, 0.6])
def test_the_loop_costs_least_by_the_numbers_of_its_run(quarter, tmp_path, price):
    """Capital and maintenance of the pipes, and what the circulation pump takes in a year."""
    base = tmp_path / "base.yaml"
    base.write_text(f"tariffs: {{import_eur_per_kwh: {price}}}", encoding="utf-8")
    network = lay(quarter, tmp_path, base=base)
    config = parse_district(network.description, "district.yaml")
    costs = RingCosts.model_validate({**ring_costs(config), "sources": {}})
    settings = loop_settings(network)["ring"]["loop"]

    def yearly_eur(size):
        segments = [size.settings(segment.length_m) for segment in network.segments]
        made = LoopConfig.model_validate({**settings, "segments": segments})
        ring = RingConfig.model_validate({"model": "loop", "loop": made, "heat_pumps": {}})
        capital = ring_capital(ring, costs, 8760.0)
        flow = np.array([network.segments[0].flow_kg_s])
        pump_kwh = pump_power_kw(made, ring.medium, flow)[0] * 8760.0
        return capital.capital_eur + capital.maintenance_eur + price * pump_kwh

    by_size = {size.dn: yearly_eur(size) for size in pipes("pe100") if size.inner_m > 0.2}
    assert network.segments[0].size.dn == min(by_size, key=by_size.__getitem__)


def test_a_trench_is_laid_once_and_water_pumped_through_each_of_its_pipes(quarter, tmp_path):
    """Persson and Werner (2011): 214 + 1725·d per metre of trench with the pair of pipes in it."""
    config = parse_district(lay(quarter, tmp_path).description, "district.yaml")
    size = next(one for one in pipes("pe100") if one.dn == "d160")
    flow = np.array([5.0, 12.0])
    share = 0.05 / (1.0 - 1.05**-40.0) + 0.01
    watts = float((size.gradients_pa_per_m(flow) * flow / 999.0).mean()) / 0.5
    for count in (1, 2):
        prices = PipePrices.of(config, 0.25, 0.5, count)
        expected = (214.0 + 1725.0 * 0.141) * share + count * watts * 8.76 * 0.25
        assert prices.eur_per_m(size, flow) == pytest.approx(expected)


@pytest.mark.parametrize("layout", ["loop", "tree"])
def test_the_ground_is_that_of_the_site(quarter, tmp_path, layout):
    """The generator's air is a wave of given mean, amplitude and coldest day, and noise on it."""
    base = tmp_path / "base.yaml"
    told = "mean_temperature_degc: 7.0, seasonal_amplitude_k: 12.0, coldest_day: 30"
    base.write_text(f"weather: {{source: synthetic, {told}}}", encoding="utf-8")
    network = lay(quarter, tmp_path, MapOptions(layout=layout), base=base)
    settings = (loop_settings if layout == "loop" else tree_settings)(network)["ring"]
    ground = settings["loop" if layout == "loop" else "two_pipe"]["ground"]
    assert ground["kind"] == "kusuda"
    assert ground["mean_degc"] == pytest.approx(7.0, abs=0.6)
    assert ground["amplitude_k"] == pytest.approx(12.0, abs=1.0)
    assert ground["coldest_day"] == pytest.approx(30.0, abs=5.0)


def test_a_wave_of_the_air_is_found_as_it_is():
    day = (np.arange(8760) + 0.5) / 24.0
    air = 9.0 - 8.0 * np.cos(2.0 * np.pi * (day - 20.0) / 365.0)
    expected = {"kind": "kusuda", "mean_degc": 9.0, "amplitude_k": 8.0, "coldest_day": 20.0}
    assert ground_below(air) == expected
    south = ground_below(air[::-1])
    assert south["coldest_day"] == 345.0


def test_a_loop_of_glycol_flows_by_the_heat_that_glycol_holds(quarter, tmp_path):
    """Ethylene glycol of 30 % has 3.7 kJ/(kg·K) (ASHRAE Handbook: 3.66 at 10 °C), water 4.18."""
    base = tmp_path / "base.yaml"
    fluid = "{kind: glycol, glycol: ethylene, mass_fraction: 0.3}"
    base.write_text(f"loop: {{fluid: {fluid}}}", encoding="utf-8")
    flows = [lay(quarter, tmp_path, **told).segments[0].flow_kg_s for told in ({}, {"base": base})]
    assert flows[1] / flows[0] == pytest.approx(4.18 / 3.68, rel=0.01)


def test_a_tree_whose_flow_follows_is_narrower_than_pipes_of_a_steady_flow(quarter, tmp_path):
    tree = lay(quarter, tmp_path, MapOptions(layout="tree"))
    loop = lay(quarter, tmp_path)
    first = tree.segments[0]
    assert first.flow_kg_s == pytest.approx(loop.segments[0].flow_kg_s, rel=0.01)
    assert first.size.inner_m < loop.segments[0].size.inner_m
    assert all(s.size.gradient_pa_per_m(s.flow_kg_s) <= MOST_PA_PER_M for s in tree.segments)


def test_uses_of_the_map_are_uses_of_the_description(quarter, tmp_path):
    network = lay(quarter, tmp_path)
    places = network.description["locations"].values()
    described = {group["use"] for place in places for group in place["buildings"]}
    assert {"single_family_house", "apartment_house", "school", "supermarket", "gym"} <= described
    assert not any("does not know every use" in note for note in network.notes)


def test_what_a_description_cannot_say_is_noted(quarter, tmp_path):
    def library(content):
        content["features"][5]["properties"] |= {"use": "library"}

    path = changed(quarter, tmp_path, "buildings.geojson", library)
    notes = lay(quarter, tmp_path, buildings=path).notes
    assert any("drawn for public buildings and practices as office" in note for note in notes)


def test_every_use_of_the_map_is_described_and_has_a_colour():
    heated = {n: u.described_as for n, u in use_table().uses.items() if u.described_as is not None}
    assert set(heated.values()) == set(get_args(Use)) - set(use_aliases())
    assert set(heated) == set(USE_COLOURS)


def test_open_street_maps_own_names_are_understood(quarter, tmp_path):
    def rename(content):
        for feature in content["features"]:
            kept = feature["properties"]
            use = kept.pop("use", None)
            floors = kept.pop("floors", None)
            kept.setdefault("building", use if use in ("house", "apartments", "office") else "yes")
            if floors:
                kept["building:levels"] = str(floors)

    path = changed(quarter, tmp_path, "buildings.geojson", rename)
    network = lay(quarter, tmp_path, buildings=path)
    assert sum(len(one.buildings) for one in network.substations) == 60


def test_a_plant_far_off_is_refused(quarter, tmp_path):
    with pytest.raises(InputError, match=r"km from the nearest street"):
        lay(quarter, tmp_path, plant=(PLANT_DEG[0] + 1.0, PLANT_DEG[1]))


def test_no_streets_are_refused(quarter, tmp_path):
    path = changed(quarter, tmp_path, "streets.geojson", lambda c: c.update(features=[]))
    with pytest.raises(InputError, match=r"streets\.geojson"):
        lay(quarter, tmp_path, streets=path)


def test_metres_for_degrees_are_refused(quarter, tmp_path):
    def metres(content):
        for feature in content["features"]:
            ring = feature["geometry"]["coordinates"][0]
            feature["geometry"]["coordinates"] = [[[x * 1e5, y * 1e5] for x, y in ring]]

    path = changed(quarter, tmp_path, "buildings.geojson", metres)
    with pytest.raises(InputError, match="longitude and latitude"):
        lay(quarter, tmp_path, buildings=path)


def test_a_footprint_that_crosses_itself_is_named(quarter, tmp_path):
    def cross(content):
        ring = content["features"][3]["geometry"]["coordinates"][0]
        ring[1], ring[2] = ring[2], ring[1]

    path = changed(quarter, tmp_path, "buildings.geojson", cross)
    with pytest.raises(InputError, match=r"buildings\.geojson.*features"):
        lay(quarter, tmp_path, buildings=path)


def test_an_unknown_use_is_named(quarter, tmp_path):
    def misspell(content):
        content["features"][5]["properties"]["use"] = "ofice"

    path = changed(quarter, tmp_path, "buildings.geojson", misspell)
    with pytest.raises(InputError, match="ofice"):
        lay(quarter, tmp_path, buildings=path)


def test_files_are_written_whole_or_not(quarter, tmp_path):
    network = lay(quarter, tmp_path)
    names = {path.name for path in write_map(network, tmp_path / "out")}
    assert names == {"district.yaml", "pipes.yaml", "network.geojson"}
