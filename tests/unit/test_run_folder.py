"""Folders that a district is run in: how they are made, which days are run, where the report is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from anello.cli import FAILED, OK, main
from anello.district import load_district, new_run_folder
from anello.errors import ConfigError, InputError
from anello.run.folder import RunFolder, label

SMALL = """\
name: Two houses
year: 2019
locations:
  street:
    buildings:
      - {use: residential, count: 2, floor_area_m2: 300, insulation: good, occupants: 8}
wells: {temperature_degc: 14, flow_kg_per_s: 4}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    (folder / "two houses.yaml").write_text(SMALL, encoding="utf-8")
    new_run_folder(folder / "run", folder / "two houses.yaml")
    return folder / "run"


@pytest.fixture
def folder(made, tmp_path) -> Path:
    return shutil.copytree(made, tmp_path / "moved")


def days(folder: Path, text: str) -> tuple[str, str]:
    place = RunFolder(folder)
    return place.chosen_days(text, place.read(place.files()))


# --- made -----------------------------------------------------------------------------------------


def test_a_run_folder_holds_all_and_may_be_moved(folder, monkeypatch):
    monkeypatch.chdir("/")
    assert (folder / "district.yaml").read_text(encoding="utf-8") == SMALL
    assert (folder / "model" / "model.yaml").is_file()
    place = RunFolder(folder)
    config = place.read(place.files())
    assert config.run == "two-houses"
    assert config.data.district == folder / "district.yaml"


@pytest.mark.parametrize(
    "study",
    [
        {"pareto": {"scenario": "designed", "cost_class": "co2", "points": 3}},
        {"sensitivity": {"scenario": "designed"}},
    ],
)
def test_studies_are_read_from_anywhere(folder, monkeypatch, tmp_path, study):
    more = tmp_path / "study.yaml"
    more.write_text(yaml.safe_dump(study), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    place = RunFolder(Path("moved"))
    config = place.read(place.files([more], days="2"))
    assert {case.study for case in config.cases()} == set(study)
    years = {"designed": {"years": {"a": {"weight": 1.0, "data": {"district": "absent.yaml"}}}}}
    more.write_text(yaml.safe_dump({"scenarios": ["designed"], "scenario_definitions": years}))
    with pytest.raises(ConfigError, match="moved"):
        place.read(place.files([more]))


def test_without_a_description_it_is_the_embedded_district(tmp_path, capsys):
    assert main(["district", "new", str(tmp_path / "my own")]) == OK
    assert f"anello district run '{tmp_path / 'my own'}'" in capsys.readouterr().out
    district = load_district(tmp_path / "my own" / "district.yaml")
    assert district.locations == load_district().locations
    place = RunFolder(tmp_path / "my own")
    assert "smart" in place.read(place.files()).scenarios


def test_what_is_there_is_not_written_over(folder, tmp_path, capsys):
    assert main(["district", "new", str(folder)]) == FAILED
    assert "settings already" in capsys.readouterr().err
    (folder / "config.yaml").unlink()
    other = tmp_path / "other.yaml"
    other.write_text(SMALL.replace("Two", "Three"), encoding="utf-8")
    assert main(["district", "new", str(folder), "--description", str(other)]) == FAILED
    assert "a description already" in capsys.readouterr().err
    assert main(["district", "new", str(folder), "--description", str(folder)]) == OK
    assert main(["district", "new", str(tmp_path / "x"), "--description", "absent.yaml"]) == FAILED
    assert "absent.yaml" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def from_map(folder: Path) -> Path:
    folder.mkdir()
    (folder / "district.yaml").write_text(SMALL, encoding="utf-8")
    loop = {
        "substations": [{"name": "plant", "plant": True}, {"name": "s", "heat_pumps": ["street"]}],
        "segments": [{"length_m": 100, "inner_diameter_m": 0.2}] * 2,
        "flow": {"kind": "fixed", "kg_s": 5},
    }
    pipes = {"run": "two-pipes", "scenarios": ["baseline"], "ring": {"model": "loop", "loop": loop}}
    (folder / "pipes.yaml").write_text(yaml.safe_dump(pipes), encoding="utf-8")
    return folder


@pytest.mark.parametrize("where", ["itself", "another"])
def test_a_map_s_folder_brings_its_pipes(tmp_path, where):
    given = from_map(tmp_path / "quarter")
    target = given if where == "itself" else tmp_path / "run"
    new_run_folder(target, None if where == "itself" else given)
    place = RunFolder(target)
    config = place.read(place.files())
    assert config.run == "two-pipes"
    assert config.ring.model == "loop"
    assert len(config.ring.loop.segments) == 2
    assert config.ring.plant.wells is not None  # the rest stays the district's


def test_a_description_alone_brings_no_pipes(tmp_path):
    given = from_map(tmp_path / "quarter")
    new_run_folder(tmp_path / "run", given / "district.yaml")
    place = RunFolder(tmp_path / "run")
    assert place.read(place.files()).ring.model == "mixed"


@pytest.mark.parametrize("name", ["year.epw", "weather/year.epw", "../year.epw"])
def test_a_weather_file_comes_along(tmp_path, name, monkeypatch):
    from anello.district import project

    given = tmp_path / "given" / "district.yaml"
    given.parent.mkdir()
    given.write_text(f"{SMALL}weather: {{source: epw, file: {name}}}\n", encoding="utf-8")
    weather = given.parent / name
    weather.parent.mkdir(exist_ok=True)
    weather.write_text("some weather", encoding="utf-8")
    monkeypatch.setattr(project, "write_district", lambda *_: None)
    monkeypatch.setattr(project, "run_settings", lambda *_: {})
    new_run_folder(tmp_path / "far" / "off" / "run", given)
    copied = tmp_path / "far" / "off" / "run" / "district.yaml"
    found = copied.parent / load_district(copied).weather.file
    assert found.read_text(encoding="utf-8") == "some weather"
    assert found.samefile(weather) == name.startswith("..")


# --- read -----------------------------------------------------------------------------------------


def test_no_run_folder_is_told_what_to_do(tmp_path, capsys):
    assert main(["district", "run", str(tmp_path / "absent")]) == FAILED
    assert f"anello district new {tmp_path / 'absent'}" in capsys.readouterr().err
    assert main(["district", "report", str(tmp_path)]) == FAILED
    assert "has no config.yaml" in capsys.readouterr().err


def test_faults_of_settings_are_told_before_anything_runs(folder, tmp_path, capsys):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("ring: {inital_degc: 13}\n", encoding="utf-8")
    assert main(["district", "run", str(folder), "--settings", str(wrong)]) == FAILED
    err = capsys.readouterr().err
    assert "wrong.yaml:1: `ring.inital_degc`" in err
    assert "Did you mean `initial_degc`" in err
    assert main(["district", "run", str(folder), "--settings", "absent.yaml"]) == FAILED
    assert "absent.yaml" in capsys.readouterr().err
    assert not (folder / "logs").exists()


def test_a_description_that_is_not_there_is_named(folder, monkeypatch):
    (folder / "district.yaml").rename(folder.parent / "elsewhere.yaml")
    place = RunFolder(folder)
    with pytest.raises(InputError, match=r"data.district.*start from the run folder") as told:
        place.read(place.files())
    assert "present folder" not in str(told.value)
    monkeypatch.chdir(folder.parent)
    (folder.parent / "district.yaml").touch()
    with pytest.raises(InputError, match="lies in the present folder"):
        place.read(place.files())


def test_a_clone_is_a_run_folder_too(repo_root):
    place = RunFolder(repo_root)
    assert place.settings == repo_root / "config" / "config.yaml"
    assert place.read(place.files()).run == "district"


# --- days -----------------------------------------------------------------------------------------


def test_days_are_counted_from_the_first_of_january(folder):
    assert days(folder, "2") == ("2019-01-01", "2019-01-02")
    assert days(folder, "365") == ("2019-01-01", "2019-12-31")
    assert days(folder, "2019-07-01") == ("2019-07-01", "2019-07-01")
    assert days(folder, "2019-07-01,2019-07-09") == ("2019-07-01", "2019-07-09")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("0", "no number of days"),
        ("366", "no number of days"),
        ("week", "neither a number nor"),
        ("2019-02-30", "is no date"),
        ("2019-07-02,2019-07-01", "ends before"),
        ("2020-07-01", "not in 2019"),
    ],
)
def test_wrong_days(folder, told, words, capsys):
    assert main(["district", "run", str(folder), "--days", told]) == FAILED
    err = capsys.readouterr().err
    assert words in err
    assert f"`--days`: {words.split()[0]}" in err or told in err
    assert "2015-07-01,2015-07-07" in err


def test_a_run_of_some_days_has_a_name_of_its_own(folder):
    place = RunFolder(folder)
    files = place.files(days="2019-07-01,2019-07-02")
    config = place.read(files)
    assert config.run == "two-houses-2019-07-01-to-2019-07-02"
    for name in config.scenarios:
        overrides = config.scenario(name).overrides
        assert overrides == {"model.subset_time": ["2019-07-01", "2019-07-02"]}
    assert label("7") == "7-days"


def test_a_model_folder_of_ones_own_needs_dates(folder):
    (folder / "config.yaml").write_text(
        "run: own\nscenarios: [a]\nscenario_definitions: {a: {}}\n"
        "data: {source: folder, model: model/model.yaml}\n"
        f"ring: {yaml.safe_load((folder / 'config.yaml').read_text())['ring']}\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="needs dates"):
        days(folder, "3")
    assert days(folder, "2031-07-01") == ("2031-07-01", "2031-07-01")


# --- the report -----------------------------------------------------------------------------------


def test_the_report_is_that_of_the_last_run(folder, capsys, monkeypatch):
    assert main(["district", "report", str(folder)]) == FAILED
    err = capsys.readouterr().err
    assert "no report of run two-houses yet" in err
    assert f"anello district run {folder}" in err
    for name in ("two-houses", "two-houses-2-days"):
        page = folder / "results" / name / "report.html"
        page.parent.mkdir(parents=True)
        page.touch()
    assert main(["district", "report", str(folder)]) == OK
    first = capsys.readouterr().out
    assert first == f"{folder / 'results' / 'two-houses' / 'report.html'}\n"
    RunFolder(folder).remember("two-houses-2-days")
    assert main(["district", "report", str(folder)]) == OK
    assert "two-houses-2-days" in capsys.readouterr().out
    assert main(["district", "report", str(folder), "--run", "two-houses"]) == OK
    assert capsys.readouterr().out == first
    assert main(["district", "report", str(folder), "--run", "x"]) == FAILED
    assert "two-houses, two-houses-2-days (--run NAME)" in capsys.readouterr().err


def test_the_report_is_opened(folder, capsys, monkeypatch):
    page = folder / "results" / "two-houses" / "report.html"
    page.parent.mkdir(parents=True)
    page.touch()
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    assert main(["district", "report", str(folder), "--open"]) == OK
    assert opened == [page.as_uri()]
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    assert main(["district", "report", str(folder), "--open"]) == FAILED
    assert "No browser" in capsys.readouterr().err
