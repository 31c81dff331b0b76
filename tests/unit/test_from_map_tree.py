"""A tree from a map as settings: what is drawn is what runs, and the plant holds its water."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pytest
import yaml
from shapely.geometry import LineString, Point, mapping

from anello.cli import main
from anello.district import load_district, synthesise
from anello.district import synthesis as synthesis_module
from anello.district.equipment import Plant
from anello.district.from_map import MapOptions, district_from_map, tree_settings, write_map
from anello.district.from_map.features import Projection
from anello.district.from_map.laying import NEXT_DOOR_M
from anello.district.pipes import with_pipes
from anello.district.sizing import MARGIN, network_plant
from anello.errors import InputError
from anello.examples.quarter_map import PLANT_DEG, copy_quarter
from anello.ring import RingInput, simulate
from anello.ring.adapt import ring_dataset
from anello.ring.capital import RingCosts, ring_capital
from anello.ring.ground_config import WATER_KJ_PER_KGK
from anello.ring.held import unheld
from anello.ring.two_pipe_config import TwoPipeConfig
from anello.run.folder import RunFolder

TREE = MapOptions(4, "tree")
DAYS = 2


@dataclass
class Laid:
    """A tree, its folder, and what its files say."""

    network: object
    folder: object
    pipes: dict
    drawn: list


@pytest.fixture(scope="module")
def quarter(tmp_path_factory):
    folder = tmp_path_factory.mktemp("map")
    copy_quarter(folder)
    return folder


def lay(quarter, plant=PLANT_DEG, options=TREE, base=None, streets=None):
    streets = streets or quarter / "streets.geojson"
    return district_from_map(quarter / "buildings.geojson", streets, plant, options, base)


@pytest.fixture(scope="module")
def tree(quarter, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    network = lay(quarter)
    write_map(network, folder)
    pipes = yaml.safe_load((folder / "pipes.yaml").read_text())
    drawn = json.loads((folder / "network.geojson").read_text())["features"]
    return Laid(network, folder, pipes, [one["properties"] for one in drawn])


@pytest.fixture(scope="module")
def ring(tree):
    assert main(["district", "new", str(tree.folder)]) == 0
    place = RunFolder(tree.folder)
    config = place.read(place.files())
    assert config.coupling.slp.balancing == "deadband"
    return config.ring


def test_the_pipes_that_run_are_those_that_are_drawn(tree):
    told = TwoPipeConfig.model_validate(tree.pipes["ring"]["two_pipe"])
    drawn = [one for one in tree.drawn if one["kind"] == "pipe"]
    assert [(b.start, b.end, b.length_m, b.inner_diameter_m) for b in told.branches] == [
        (one["from"], one["to"], one["length_m"], one["inner_diameter_m"]) for one in drawn
    ]
    assert {one.name for one in told.substations} == {
        one["name"] for one in tree.drawn if one["kind"] == "substation"
    }
    for branch, segment in zip(told.branches, tree.network.segments, strict=True):
        assert branch.wall_thickness_m == pytest.approx(segment.size.wall_m, abs=1e-4)
        assert branch.insulation_thickness_m == pytest.approx(segment.size.insulation_m, abs=1e-4)
        assert branch.spacing_m == pytest.approx(branch.casing_m + 0.15, abs=1e-4)
    # Away from the plant, junctions are numbered in the order in which they are met.
    met = [one.end for one in told.branches if one.end.startswith("junction")]
    assert met == [f"junction_{k + 1}" for k in range(len(met))]
    assert told.branches[0].start == told.plant_at == "plant"
    assert told.difference_k == tree.network.options.spread_k


def coldest_and_hottest(tree):
    """Hours of the days in which each place asks for most heat, or for most cold."""
    district = load_district(tree.folder / "district.yaml")
    series = synthesise(district)
    demand = {
        f"{name}::hp_{service}": kw
        for name, place in series.locations.items()
        for service, kw in place.demand_kw.items()
        if service != "electricity"
    }
    days = set()
    for cold in (False, True):
        asked = {n: kw for n, kw in demand.items() if n.endswith("cooling") is cold}
        for name in {node.partition("::")[0] for node in asked} | {""}:
            total = sum(kw for node, kw in asked.items() if node.startswith(name))
            days.add(int(np.argmax(total)) // 24)
    hours = np.concatenate([np.arange(24 * day, 24 * day + 24) for day in sorted(days)])
    return series, demand, hours


@pytest.fixture(scope="module")
def worst(tree, ring):
    series, demand, hours = coldest_and_hottest(tree)
    q_kw = np.array([kw[hours] for kw in demand.values()])
    count = len(demand)
    data = RingInput(
        nodes=tuple(demand),
        times=series.index.values[hours].astype("datetime64[ns]"),
        step_h=np.ones(hours.size),
        q_kw=q_kw,
        cop_dispatch=np.full_like(q_kw, 4.0),
        storage_kwh=np.full_like(q_kw, np.nan),
        storage_start_kwh=np.zeros(count),
        outdoor_degc=series.weather.temperature_degc[hours],
    )
    return simulate(ring, data)


def test_no_branch_carries_more_than_its_pipes_were_chosen_for(tree, worst):
    found = dict(
        zip(ring_dataset(worst)["segment"].values.tolist(), worst.branch_kg_s, strict=True)
    )
    for segment in tree.network.segments:
        most = np.abs(found[f"{segment.start} → {segment.end}"]).max()
        assert 0.7 * segment.flow_kg_s < most <= segment.flow_kg_s


def test_the_plant_holds_its_water_on_the_worst_days(worst):
    assert worst.audit.relative < 1e-6
    assert worst.second_law.violations == 0
    beyond = unheld(ring_dataset(worst))
    assert beyond is None or not beyond.at_plant
    # Not by far more than is needed: some hour comes near a bound.
    plant = worst.node_degc[:, [0, worst.node_degc.shape[1] // 2]]
    assert min(plant.min() - 10.0, 20.0 - plant.max()) < 1.0


def test_the_drawn_trenches_are_paid_for_once(tree, ring):
    prices = RingCosts.model_validate(
        {
            "pipes": {
                "capital_eur_per_m": 200.0,
                "capital_eur_per_m2": 1000.0,
                "lifetime_years": 40.0,
            }
        }
    )
    built = {part.name: part.build_eur for part in ring_capital(ring, prices, 8760.0).parts}
    assert built["pipes"] == pytest.approx(
        sum(
            one["length_m"] * (200.0 + 1000.0 * one["inner_diameter_m"])
            for one in tree.drawn
            if one["kind"] == "pipe"
        )
    )


def test_designed_leaves_no_size_of_a_plant_that_nobody_schedules_open(tree, ring):
    settings = yaml.safe_load((tree.folder / "config.yaml").read_text())
    designed = settings["scenario_definitions"]["designed"]
    assert "sizes" not in designed.get("ring", {}).get("plant", {})
    assert "plant's are as described" in designed["description"]
    place = RunFolder(tree.folder)
    more = tree.folder / "designed.yaml"
    more.write_text("scenarios: [designed]\n")
    assert place.read(place.files([more])).scenario("designed").ring.plant.sizes == {}


def test_a_substation_where_the_plant_stands_has_a_short_pipe_of_its_own(quarter, tree):
    one = tree.network.substations[1]
    there = mapping(tree.network.projection.to_degrees(Point(one.node)))["coordinates"]
    network = lay(quarter, plant=(there[1], there[0]))
    told = TwoPipeConfig.model_validate(tree_settings(network)["ring"]["two_pipe"])
    assert any(
        b.start == "plant" and b.end.startswith("substation") and b.length_m == NEXT_DOOR_M
        for b in told.branches
    )
    alone = lay(quarter, plant=PLANT_DEG, options=MapOptions(1, "tree"))
    there = mapping(alone.projection.to_degrees(Point(alone.substations[0].node)))["coordinates"]
    alone = lay(quarter, plant=(there[1], there[0]), options=MapOptions(1, "tree"))
    (branch,) = TwoPipeConfig.model_validate(tree_settings(alone)["ring"]["two_pipe"]).branches
    assert (branch.start, branch.end) == ("plant", "substation_1")


def test_wells_bring_the_water_at_a_bound_to_where_a_load_takes_it_back():
    """1000 kW and 4 K between lines, wells 5 K from the bound: exp(−UA/ṁc) is one fifth."""
    milan = load_district()
    open_wells = milan.model_copy(
        update={"wells": milan.wells.model_copy(update={"flow_kg_per_s": None})}
    )
    net_kw = np.array([-1000.0, 300.0])
    found = network_plant(open_wells, net_kw, 4.0, MILD)
    conductance = 250.0 * np.log(5.0)
    needed = conductance / (open_wells.wells.effectiveness * WATER_KJ_PER_KGK)
    flow = found["wells"]["flow_kg_per_s"]
    assert MARGIN * needed <= flow <= 1.1 * MARGIN * needed
    assert set(found) == {"wells"}


MILD = np.full(1, 10.0)


@pytest.mark.parametrize(("flow", "left"), [(0.0, 1000.0), (60.0, 1000.0 - 689.0)])
def test_a_heater_gives_what_wells_that_are_told_leave(flow, left):
    """60 kg/s at an effectiveness of 0.8: 250·(1 − exp(−200.64/250))·5 = 689 kW."""
    milan = load_district()
    told = milan.model_copy(
        update={
            "wells": milan.wells.model_copy(update={"flow_kg_per_s": flow}),
            "plant": Plant(),
        }
    )
    found = network_plant(told, np.array([-1000.0]), 4.0, MILD)["plant"]
    assert found["backup_heater_kw"] == pytest.approx(MARGIN * left, rel=0.05)
    assert "chiller_kw" not in found
    enough = told.model_copy(
        update={"wells": milan.wells.model_copy(update={"flow_kg_per_s": 5000.0})}
    )
    assert network_plant(enough, np.array([-1000.0]), 4.0, MILD) == {}
    warm = told.model_copy(update={"plant": Plant(central_heat_pump_kw="sized")})
    plant = network_plant(warm, np.array([-1000.0]), 4.0, np.array([12.0, -3.0]))["plant"]
    assert plant["central_heat_pump_kw"] == pytest.approx(MARGIN * left, rel=0.05)
    # In air of -3 °C it gives a fifth less than at 7 °C.
    assert plant["backup_heater_kw"] == pytest.approx(0.2 * MARGIN * left, rel=0.1)


@pytest.mark.parametrize(
    ("spread_k", "said"),
    [
        (6.0, r"cannot hold water that differs by 6 K.*Give less than 5"),
        (12.0, r"do not fit between"),
    ],
)
def test_lines_too_far_apart_are_refused(quarter, spread_k, said):
    with pytest.raises(InputError, match=said):
        lay(quarter, options=replace(TREE, spread_k=spread_k))


def test_wells_that_are_told_stay_as_they_are(quarter, tmp_path):
    base = tmp_path / "base.yaml"
    base.write_text("wells: {flow_kg_per_s: 60}\n")
    told = lay(quarter, base=base).description
    assert told["wells"] == {"flow_kg_per_s": 60}
    assert told["plant"]["backup_heater_kw"] > 0


def test_buildings_without_any_heat_pump_are_refused(quarter, monkeypatch):
    def nothing(config):
        series = synthesise(config)
        first = next(iter(series.locations))
        demand = {"electricity": series.locations[first].demand_kw["electricity"]}
        bare = replace(series.locations[first], demand_kw=MappingProxyType(demand))
        return replace(series, locations={**series.locations, first: bare})

    monkeypatch.setattr(synthesis_module, "synthesise", nothing)
    with pytest.raises(InputError, match=r"substation_1.*neither heat, cold nor hot water"):
        lay(quarter)


def test_a_plant_on_a_street_that_leads_nowhere_is_refused(quarter, tmp_path):
    projection = Projection(*PLANT_DEG)
    content = json.loads((quarter / "streets.geojson").read_text())
    aside = projection.to_degrees(LineString([(-300.0, -40.0), (-300.0, -100.0)]))
    content["features"].append({"type": "Feature", "properties": {}, "geometry": mapping(aside)})
    streets = tmp_path / "streets.geojson"
    streets.write_text(json.dumps(content))
    longitude, latitude = mapping(projection.to_degrees(Point(-300.0, -60.0)))["coordinates"]
    with pytest.raises(InputError, match=r"not connected with the streets of the network"):
        lay(quarter, plant=(latitude, longitude), streets=streets)


def test_pipes_of_another_district_are_refused(tree, tmp_path, capsys):
    district = yaml.safe_load((tree.folder / "district.yaml").read_text())
    district["locations"]["harbour"] = district["locations"].pop("substation_2")
    (tmp_path / "district.yaml").write_text(yaml.safe_dump(district))
    (tmp_path / "pipes.yaml").write_text((tree.folder / "pipes.yaml").read_text())
    assert main(["district", "new", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "ring.two_pipe.substations.substation_2" in said
    assert "no such location" in said
    assert "no substation connects the location's heat pumps" in said


def test_a_location_without_a_heat_pump_is_named(tree):
    settings = {"ring": {}, "scenario_definitions": {"designed": {}}}
    served = {f"substation_{k}": k != 2 for k in range(1, 5)}
    with pytest.raises(InputError, match=r"substation_2`: the location has no heat pump"):
        with_pipes(settings, tree.pipes, tree.folder / "pipes.yaml", served, "designed")


def test_a_plant_that_is_not_on_the_tree_is_named(tree, ring, tmp_path):
    settings = yaml.safe_load((tree.folder / "config.yaml").read_text())
    settings["ring"]["two_pipe"]["plant_at"] = "pump_house"
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings))
    place = RunFolder(tmp_path)
    with pytest.raises(InputError, match=r"no branch leads to `pump_house`; there are"):
        place.read(place.files())
