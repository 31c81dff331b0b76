"""The command ``anello``: outcomes, exit codes, and that no traceback reaches a user."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import anello
from anello.attrdict import AttrDict
from anello.cli import DIFFERENT, FAILED, NOT_SOLVED, OK, USAGE, _parser, main

ONE_DAY = "{model.subset_time: ['2030-07-01', '2030-07-01']}"
TOO_LITTLE = """
run.ensure_feasibility: false
model.subset_time: ['2030-07-01', '2030-07-01']
group_constraints.little: {techs: [gas, wind, solar_thermal], carrier_prod_max: {power: 1}}
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "island"
    assert main(["new", str(folder)]) == OK
    return folder


@pytest.fixture(scope="module")
def saved(model) -> Path:
    path = model.parent / "out.nc"
    told = ["run", str(model), "--override_dict", ONE_DAY, "--save_netcdf", str(path), "--quiet"]
    assert main(told) == OK
    return path


@pytest.mark.parametrize("template", ["national", "urban_scale", "district"])
def test_new_models_pass_their_check(tmp_path, capsys, template):
    folder = tmp_path / "new"
    assert main(["new", str(folder), "--template", template]) == OK
    assert f"anello run {folder}" in capsys.readouterr().out
    assert main(["check", str(folder), "--all"]) == OK
    out = capsys.readouterr().out
    assert "the model: no problems" in out
    assert "scenario" in out


def test_new_refuses_what_exists_or_is_unknown(model, tmp_path, capsys):
    assert main(["new", str(model)]) == FAILED
    assert "exists already" in capsys.readouterr().err
    assert main(["new", str(tmp_path / "x"), "--template", "nationl"]) == FAILED
    assert "`national`" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
    assert main(["new", str(tmp_path / "y"), "--district", str(tmp_path / "none.yaml")]) == FAILED
    assert "none.yaml" in capsys.readouterr().err


def test_check_names_file_line_and_remedy(model, tmp_path, capsys):
    folder = tmp_path / "broken"
    assert main(["new", str(folder)]) == OK
    techs = folder / "model_config" / "techs.yaml"
    lines = techs.read_text().splitlines()
    number = next(k for k, line in enumerate(lines, 1) if "energy_ramping" in line)
    techs.write_text("\n".join(lines).replace("energy_ramping", "energy_rampin"))
    (folder / "model.yaml").write_text(
        (folder / "model.yaml").read_text().replace("bigM: 1.0e+6", "bigM: much")
    )
    capsys.readouterr()
    assert main(["check", str(folder)]) == FAILED
    err = capsys.readouterr().err
    assert f"techs.yaml:{number}:" in err
    assert "Did you mean `energy_ramping`" in err
    assert "run.bigM" in err
    assert "Traceback" not in err
    assert main(["check", str(tmp_path)]) == FAILED
    assert "model.yaml" in capsys.readouterr().err
    assert main(["check", str(tmp_path / "absent")]) == FAILED


def test_run_saves_what_it_is_asked_to(model, tmp_path, capsys):
    told = ["run", str(model / "model.yaml"), "--override-dict", ONE_DAY, "--scenario", "clean"]
    told += ["--save_csv", str(tmp_path / "csv"), "--save_lp", str(tmp_path / "p.lp")]
    told += ["--save-netcdf", str(tmp_path / "o.nc"), "--save_logs", str(tmp_path / "logs")]
    assert main(told) == OK
    captured = capsys.readouterr()
    assert "optimal" in captured.out
    assert "clean" in captured.out
    assert "solving" in captured.err
    assert "\033" not in captured.err
    assert len(pd.read_csv(tmp_path / "csv" / "results_energy_cap.csv"))
    assert "system_balance" in (tmp_path / "p.lp").read_text()
    assert (tmp_path / "logs" / "solver.log").is_file()
    assert anello.read_netcdf(tmp_path / "o.nc").is_solved
    assert main(told) == FAILED
    assert "exists already" in capsys.readouterr().err


def test_quiet_says_nothing(model, capsys):
    capsys.readouterr()
    assert main(["run", str(model), "--override_dict", ONE_DAY, "--quiet"]) == OK
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_saved_models_run_again(saved, capsys):
    assert main(["run", str(saved), "--solver", "highs"]) == OK
    assert "optimal" in capsys.readouterr().out
    assert main(["run", str(saved), "--scenario", "clean"]) == FAILED
    assert "--scenario" in capsys.readouterr().err


def test_infeasible_models(model, tmp_path, capsys):
    path = tmp_path / "o.nc"
    told = ["run", str(model), "--override_dict", TOO_LITTLE, "--save_netcdf", str(path)]
    assert main(told) == NOT_SOLVED
    err = capsys.readouterr().err
    assert "no dispatch satisfies" in err
    assert "Traceback" not in err
    assert not path.exists()
    assert main([*told, "--no_fail_when_infeasible"]) == OK
    assert not anello.read_netcdf(path).is_solved
    assert main(["compare", str(path), str(path)]) == FAILED
    assert "no results" in capsys.readouterr().err


def test_debug_shows_the_traceback(model, capsys):
    assert main(["run", str(model), "--scenario", "none_such", "--debug"]) == FAILED
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "none_such" in err


def test_compare(model, saved, tmp_path, capsys):
    other = tmp_path / "other.nc"
    settings = ONE_DAY.replace("}", ", techs.gas.costs.monetary.om_con: 0.07}")
    told = ["run", str(model), "--override_dict", settings, "--save_netcdf", str(other)]
    assert main(told) == OK
    capsys.readouterr()
    assert main(["compare", str(saved), str(saved), "--tolerance", "0"]) == OK
    assert capsys.readouterr().out == "no number differs\n"
    assert main(["compare", str(saved), str(other)]) == OK
    out = capsys.readouterr().out
    assert out.splitlines()[1].startswith("objective")
    assert "%" in out
    assert main(["compare", str(saved), str(other), "--tolerance", "1e-6"]) == DIFFERENT
    assert main(["compare", str(saved), str(tmp_path / "absent.nc")]) == FAILED


def test_generated_scenarios_can_be_run(tmp_path, capsys):
    folder = tmp_path / "island"
    assert main(["new", str(folder)]) == OK
    told = ["generate-scenarios", str(folder), str(folder / "more.yaml")]
    told += ["margin;least_emissions,all_days", "dear_gas;clean"]
    capsys.readouterr()
    assert main([*told, "--scenario-name-prefix", "run_"]) == OK
    found = AttrDict.from_yaml(folder / "more.yaml").scenarios
    assert list(found) == ["run_1", "run_2", "run_3", "run_4"]
    assert found.run_4 == ["least_emissions", "all_days", "clean"]
    main_file = folder / "model.yaml"
    imports = "  - scenarios.yaml\n"
    text = main_file.read_text().replace(imports, f"{imports}  - more.yaml\n")
    main_file.write_text(text)
    assert main(["check", str(folder), "--scenario", "run_4"]) == OK
    capsys.readouterr()
    assert main(told) == FAILED
    assert "exists already" in capsys.readouterr().err
    told[2] = str(tmp_path / "x.yaml")
    assert main([*told[:3], "dear_gass"]) == FAILED
    assert "`dear_gas`" in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["new"], ["check"], ["run"], ["compare"]])
def test_help_teaches_with_examples(command, capsys):
    with pytest.raises(SystemExit) as told:
        main([*command, "--help"])
    assert told.value.code == OK
    assert f"  anello {command[0] if command else 'new'} " in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [["ru"], ["run"], ["run", "m", "--sove"], ["compare", "a"]])
def test_wrong_command_lines(wrong, capsys):
    with pytest.raises(SystemExit) as told:
        main(wrong)
    assert told.value.code == USAGE
    assert "--help" in capsys.readouterr().err


def test_no_command_prints_help(capsys):
    assert main([]) == OK
    assert "exit codes" in capsys.readouterr().out


def test_version_and_module(tmp_path):
    where = str(Path(anello.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "anello", "--version"],
        env={**os.environ, "PYTHONPATH": where},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"anello {anello.__version__}\n"


def test_reference_lists_every_command_and_option(repo_root):
    page = (repo_root / "docs" / "reference" / "cli.md").read_text()
    sections = {part.split()[1].strip("`"): part for part in page.split("\n## `")[1:]}
    parser = _parser()
    commands = parser._subparsers._group_actions[0].choices
    del commands["generate_scenarios"]  # the same, as Calliope spells it
    assert set(sections) == set(commands)
    for name, command in commands.items():
        for action in command._actions:
            if action.option_strings and action.dest != "help":
                assert f"`{action.option_strings[0]}" in sections[name], (name, action.dest)


def test_a_reader_who_has_had_enough_is_no_error(tmp_path):
    where = str(Path(anello.__file__).parents[1])
    command = f"{sys.executable} -m anello new {tmp_path / 'new'} | true"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env={**os.environ, "PYTHONPATH": where},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
