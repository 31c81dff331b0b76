"""What earlier releases of Calliope 0.6 wrote otherwise is read as what it became, with a note."""

from __future__ import annotations

from pathlib import Path

import pytest

from small_model import MODEL, problems, read


@pytest.mark.parametrize("per", ["", "_per_timestep"])
@pytest.mark.parametrize("limit", ["min", "max", "equals"])
def test_supply_shares_are_shares_of_production(tmp_path: Path, per: str, limit: str):
    override = (
        f"group_constraints.g: {{techs: [grid], supply_share{per}_{limit}: {{electricity: 0.5}}}}"
    )
    data = read(tmp_path, override)
    group = data.config["group_constraints"]["g"]
    assert group[f"carrier_prod_share{per}_{limit}"] == {"electricity": 0.5}
    (note,) = [w for w in data.warnings if "supply_share" in w]
    assert f"Write `carrier_prod_share{per}_{limit}`" in note
    assert "0.6.5" in note


def test_an_earlier_name_is_overridden_by_the_later_one(tmp_path: Path):
    base = "group_constraints.g: {techs: [grid], supply_share_max: {electricity: 0.5}}\n"
    override = "overrides.o.group_constraints.g.carrier_prod_share_max.electricity: 0.7"
    data = read(tmp_path, override, MODEL + base, scenario="o")
    assert data.config["group_constraints"]["g"]["carrier_prod_share_max"] == {"electricity": 0.7}
    both = base + "group_constraints.g.carrier_prod_share_max.electricity: 0.7"
    assert any("both are given" in p for p in problems(tmp_path, both))


def test_a_primary_carrier_is_that_of_the_output(tmp_path: Path):
    tech = (
        "techs: {gas: {essentials: {parent: supply, carrier: gas}}, chp: {essentials: {parent:"
        " conversion_plus, carrier_in: gas, carrier_out: electricity, carrier_out_2: heat,"
        " primary_carrier: heat}}}\nlocations.a.techs: {chp: , gas: }"
    )
    data = read(tmp_path, tech)
    primary = data.inputs["primary_carrier_out"].sel(node="a::chp").item()
    assert primary == "heat"
    assert any("primary_carrier_out" in w for w in data.warnings)


def test_a_scenario_as_text_is_a_list(tmp_path: Path):
    text = (
        "overrides: {o: {techs.grid.constraints.lifetime: 9},"
        " p: {techs.grid.constraints.energy_cap_max: 3}}\nscenarios.s: 'o, p'"
    )
    data = read(tmp_path, text, scenario="s")
    assert data.config["applied_overrides"] == ["o", "p"]
    assert any("Write `[o, p]`" in w for w in data.warnings)


def test_false_switches_off_what_null_switches_off_now(tmp_path: Path):
    off = "techs.grid: {constraints.energy_ramping: false, essentials.color: false}"
    data = read(tmp_path, off)
    assert "energy_ramping" not in data.inputs
    assert sum("0.6.8" in w for w in data.warnings) == 2
    wrong = problems(tmp_path, "techs.grid.constraints.energy_cap_max: false")
    assert any("must be a number" in p for p in wrong)


def test_a_resource_in_power_is_refused_with_what_to_write(tmp_path: Path):
    found = problems(tmp_path, "techs.demand_el.constraints.resource_unit: power")
    assert any("Write `energy`" in p for p in found)
