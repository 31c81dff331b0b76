"""Sizes that one scenario found become those of another, which then only operates them."""

from __future__ import annotations

import pytest
import yaml

from anello.cli import main
from anello.cli.terminal import FAILED, OK
from anello.errors import InputError
from anello.model.schema.yaml_reader import read_settings
from anello.optimise.results import read_results
from anello.optimise.results.summary import summarise
from anello.run.config import parse_config
from anello.run.kept_sizes import kept_sizes
from anello.run.scenario_config import merge
from anello.run.stages.scenario import run_scenario
from embedded_model import embedded_model

DAYS = ["2015-07-01", "2015-07-02"]


@pytest.fixture(scope="module")
def settings(repo_root, tmp_path_factory):
    model = embedded_model(tmp_path_factory.mktemp("kept") / "model")
    told = read_settings(repo_root / "config" / "config.yaml")
    told["data"] = {"source": "folder", "model": str(model)}
    for name in ("designed", "smart"):
        told["scenario_definitions"][name]["overrides"] = {"model.subset_time": DAYS}
    return told


def ran(settings, name, folder):
    run_scenario(parse_config(settings).scenario(name), folder, run="test", name=name)
    return folder / "results.nc"


@pytest.fixture(scope="module")
def designed(settings, tmp_path_factory):
    return ran(settings, "designed", tmp_path_factory.mktemp("designed"))


def test_the_sizes_that_were_found_cost_what_they_cost_then(designed, settings, tmp_path):
    assert main(["keep-sizes", str(designed), str(tmp_path / "built.yaml"), "--name", "town"]) == OK
    assert main(["keep-sizes", str(designed), str(tmp_path / "built.yaml")]) == FAILED
    laid = merge(settings, yaml.safe_load((tmp_path / "built.yaml").read_text()))
    assert laid["scenarios"] == ["town"]
    built = read_results(ran(laid, "town", tmp_path))
    found = read_results(designed)
    assert "ring_size" in found.results
    assert "ring_size" not in built.results
    before, after = summarise(found)["whole_cost"], summarise(built)["whole_cost"]
    assert after["total"] == pytest.approx(before["total"], rel=2e-3)
    assert after["ring"]["to_build"] == pytest.approx(before["ring"]["to_build"], rel=1e-3)
    for node in ("buildings::hp_cooling", "commercial::tes_cooling", "buildings::pv_rooftop"):
        kw = float(found.results["energy_cap"].sel(node=node))
        kept = float(built.results["energy_cap"].sel(node=node))
        assert kw - 1e-6 <= kept <= kw + 1e-3


def test_connections_and_what_was_given_are_not_written(designed):
    definition = kept_sizes(read_results(designed), "built")["scenario_definitions"]["built"]
    techs = {key.split(".")[3] for key in definition["overrides"] if key.startswith("locations.")}
    assert techs == {
        *("pv_rooftop", "hp_dhw", "hp_heating", "hp_cooling"),
        *("tes_dhw", "tes_heating", "tes_cooling"),
    }
    assert not any("storage_cap" in key for key in definition["overrides"])  # given as a volume
    assert "sizes" not in definition["ring"]["plant"]


def test_what_a_search_leaves_of_a_device_that_it_gives_up_is_kept_as_none(designed):
    """The report lists no such device; a borefield's share is of many boreholes, and is kept."""
    found = read_results(designed)
    built = found.settings["ring"]["plant"]
    built["wells"]["max_flow_kg_s"] = 0.004
    built["dry_cooler"] |= {"max_kw": 0.5, "kw_per_k": 0.0061}
    plant = kept_sizes(found, "built")["scenario_definitions"]["built"]["ring"]["plant"]
    assert plant["wells"]["max_flow_kg_s"] == 0.0
    assert plant["dry_cooler"]["max_kw"] == 0.5
    assert plant["dry_cooler"]["kw_per_k"] == 0.007


def test_where_nothing_was_open_there_is_nothing_to_keep(settings, tmp_path):
    path = ran(settings, "smart", tmp_path)
    with pytest.raises(InputError, match=r"`smart` left no size open.*such as `designed`"):
        kept_sizes(read_results(path), "built")
