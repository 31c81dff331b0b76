"""The command ``anello``: outcomes, exit codes, and that no traceback reaches a user."""

from __future__ import annotations

import argparse
import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import anello
from anello.api.attrdict import AttrDict
from anello.cli import DIFFERENT, FAILED, INTERRUPTED, NOT_SOLVED, OK, USAGE, main, parser

COMMANDS = ["new", "check", "run", "plot", "compare", "convert-results", "generate-scenarios"]
COMMANDS += ["generate-runs", "doctor"]
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


def test_check_looks_at_overrides_too(tmp_path, capsys):
    folder = tmp_path / "new"
    assert main(["new", str(folder)]) == OK
    with (folder / "model.yaml").open("a", encoding="utf-8") as file:
        file.write("\noverrides.wrong.techs.no_such_thing: 3\n")
    assert main(["check", str(folder)]) == OK
    assert main(["check", str(folder), "--all"]) == FAILED
    assert "override wrong:" in capsys.readouterr().err


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


def test_run_saves_for_others(model, tmp_path, capsys):
    told = ["run", str(model), "--override_dict", ONE_DAY, "--quiet"]
    book, table = tmp_path / "out" / "r.xlsx", tmp_path / "r.csv"
    assert main([*told, "--save_excel", str(book), "--save-iamc", str(table)]) == OK
    assert "costs" in pd.read_excel(book, sheet_name=None)
    assert list(pd.read_csv(table).columns)[:5] == [
        "Model",
        "Scenario",
        "Region",
        "Variable",
        "Unit",
    ]
    assert main([*told, "--save_excel", str(tmp_path / "r.xls")]) == FAILED
    assert "--save_excel writes a .xlsx file" in capsys.readouterr().err
    assert main([*told, "--save_iamc", str(tmp_path / "r.xlsx")]) == FAILED
    assert "end its name in .csv" in capsys.readouterr().err
    assert not (tmp_path / "r.xlsx").exists()


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


def test_an_interrupted_command_says_so(model, monkeypatch, capsys):
    def interrupt(*told, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr("anello.model.definition.read_model", interrupt)
    assert main(["check", str(model)]) == INTERRUPTED
    assert capsys.readouterr().err == "interrupted\n"


def test_too_little_time_is_told_apart(model, capsys):
    assert main(["run", str(model), "--time_limit", "0", "--quiet"]) == NOT_SOLVED
    assert "time" in capsys.readouterr().err


def test_debug_shows_the_traceback(model, capsys):
    assert main(["run", str(model), "--scenario", "none_such", "--debug"]) == FAILED
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "none_such" in err


def test_compare_lists_what_differs(model, saved, tmp_path, capsys):
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


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_teaches_with_examples(command, capsys):
    with pytest.raises(SystemExit) as told:
        main([*command, "--help"])
    assert told.value.code == OK
    told = capsys.readouterr().out
    assert f"  anello {command[0] if command else 'new'} " in told
    assert max(map(len, told.splitlines())) <= 100


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (["ru"], "Did you mean `run`?"),
        (["frobnicate"], "There are: new, check"),
        (["run"], "MODEL"),
        (
            ["run", "m", "--sovler=cbc"],
            "anello run: there is no option `--sovler=cbc`. Did you mean",
        ),
        (["run", "m", "n"], "what is to be done with `n`?"),
        (["compare", "a"], "B.nc"),
        (["--vresion"], "Did you mean `--version`?"),
        (["plot", "a.nc", "b.svg", "--timestep_index_subset", "3"], "24,48"),
    ],
)
def test_wrong_command_lines(wrong, words, capsys):
    with pytest.raises(SystemExit) as told:
        main(wrong)
    assert told.value.code == USAGE
    err = capsys.readouterr().err
    assert words in err
    assert "--help" in err


def test_files_of_the_wrong_kind_are_told_apart(model, saved, tmp_path, capsys):
    assert main(["check", str(saved)]) == FAILED
    assert "saved model" in capsys.readouterr().err
    assert main(["plot", str(model), str(tmp_path / "x.html")]) == FAILED
    assert ".nc" in capsys.readouterr().err
    assert main(["compare", str(saved), str(model / "model.yaml")]) == FAILED
    assert "model.yaml" in capsys.readouterr().err


def test_targets_are_checked_before_the_work(model, tmp_path, capsys):
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "deep" / "out.nc"
    assert main(["run", str(model), "--save_netcdf", str(target)]) == FAILED
    err = capsys.readouterr().err
    assert "is no folder" in err
    assert "solving" not in err


def test_commands_may_be_spelt_as_calliope_does(capsys):
    for name in ("generate_runs", "generate_scenarios", "convert_results"):
        with pytest.raises(SystemExit) as told:
            main([name, "--help"])
        assert told.value.code == OK
        assert f"usage: anello {name.replace('_', '-')}" in capsys.readouterr().out


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
    of_all = page.partition("\n## Options of every command")[2].partition("\n## ")[0]
    sections = {part.split()[1].strip("`"): part for part in page.split("\n## `")[1:]}
    commands = parser()._subparsers._group_actions[0].choices
    assert set(sections) == set(commands)
    for name, command in commands.items():
        for action in command._actions:
            if action.option_strings and action.help != argparse.SUPPRESS:
                option = f"`{action.option_strings[-1]}"
                assert option in of_all or option in sections[name], (name, action.dest)


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


# --- plots and tables ----------------------------------------------------------------------------


def test_run_saves_plots_and_knows_beforehand_where_it_cannot(model, tmp_path, capsys):
    told = ["run", str(model), "--override_dict", ONE_DAY, "--quiet", "--save_plots"]
    assert main([*told, str(tmp_path / "plots.html")]) == OK
    assert "Gas turbines" in (tmp_path / "plots.html").read_text()
    assert main([*told, str(tmp_path / "plots.png")]) == FAILED
    assert ".html" in capsys.readouterr().err


def test_run_says_that_nothing_was_kept(model, capsys):
    assert main(["run", str(model), "--override_dict", ONE_DAY]) == OK
    assert "--save_netcdf" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("all.html", []),
        ("power.svg", ["--array", "power", "--subset", "{locs: [coast]}"]),
        ("two.html", ["--array", "power,storage", "--rangeslider", "--timesteps_zoom", "12"]),
        ("built.png", ["--array", "energy_cap", "--orient", "v", "--sum_dims", "locs"]),
        ("links.svg", ["--kind", "transmission"]),
        ("noon.svg", ["--timestep-index-subset", "12,13"]),
        ("some.html", ["--kind", "flows", "--timestep_cycle", "6"]),
    ],
)
def test_plots_from_a_file(saved, tmp_path, name, options):
    assert main(["plot", str(saved), str(tmp_path / name), *options, "--quiet"]) == OK
    assert (tmp_path / name).stat().st_size > 5000


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("all.png", [], "--array"),
        ("power.xls", ["--array", "power"], "svg"),
        ("power.svg", ["--array", "pover"], "pover"),
        ("power.svg", ["--array", "power", "--orient", "v"], "--kind capacity"),
        ("power.svg", ["--array", "power", "--subset", "{locs: coast}"], "[a, b]"),
    ],
)
def test_plots_that_cannot_be_drawn(saved, tmp_path, capsys, name, options, words):
    assert main(["plot", str(saved), str(tmp_path / name), *options]) == FAILED
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_results_become_tables_and_again_the_same_file(saved, tmp_path, capsys):
    tables, again = tmp_path / "tables", tmp_path / "again.nc"
    assert main(["convert-results", str(saved), str(tables)]) == OK
    assert main(["convert-results", str(tables), str(again), "--quiet"]) == OK
    assert again.read_bytes() == saved.read_bytes()
    capsys.readouterr()
    assert main(["convert-results", str(saved), str(tables)]) == FAILED
    assert main(["convert-results", str(tmp_path), str(tmp_path / "x.nc")]) == FAILED
    assert "description.json" in capsys.readouterr().err
    table = tables / "results" / "energy_cap.csv"
    table.write_text(table.read_text().replace("coast::gas", "coats::gas"))
    assert main(["convert-results", str(tables), str(tmp_path / "x.nc")]) == FAILED
    err = capsys.readouterr().err
    assert "energy_cap.csv:" in err
    assert "`coast::gas`" in err


# --- many runs -----------------------------------------------------------------------------------


def in_shell(command, folder, **more):
    where = str(Path(anello.__file__).parents[1])
    program = folder / "bin" / "anello"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m anello "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    return subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": where, "PATH": path, **more},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_script_of_runs_runs_them(model, tmp_path, capsys):
    script = tmp_path / "my runs.sh"
    told = ["generate-runs", str(model), str(script), "--kind", "bash", "--override_dict", ONE_DAY]
    told += ["--scenarios", "clean,dear_gas;margin", "--additional_args=--solver highs --quiet"]
    assert main(told) == OK
    assert "2 runs" in capsys.readouterr().out
    done = in_shell([str(script), "1"], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "plots_1_clean,dear_gas.html").is_file()
    found = anello.read_netcdf(tmp_path / "out_1_clean,dear_gas.nc")
    assert found.data.config["scenario"] == "clean,dear_gas"
    assert found.inputs.sizes["timesteps"] == 24
    assert in_shell([str(script), "3"], tmp_path).returncode == USAGE
    assert main(told) == FAILED
    assert "exists already" in capsys.readouterr().err


def test_a_failing_run_does_not_stop_the_others(model, tmp_path):
    script = tmp_path / "runs.sh"
    told = [
        "generate-runs",
        str(model),
        str(script),
        "--kind",
        "bash",
        "--scenarios",
        "clean;margin",
    ]
    assert main([*told, "--additional_args=--sovler x"]) == OK
    done = in_shell([str(script)], tmp_path)
    assert done.returncode == FAILED
    assert done.stderr.count("--sovler") == 2


@pytest.mark.parametrize(
    ("kind", "directives"),
    [
        ("sbatch", ["--array=1-2", "--mem=4G", "--time=02:05:00", "--cpus-per-task=3"]),
        ("bsub", ["-J anello[1-2]", "rusage[mem=4G]", "-W 2:05", "-n 3"]),
    ],
)
def test_job_arrays(model, tmp_path, kind, directives):
    script = tmp_path / "submit.sh"
    told = ["generate-runs", str(model), str(script), "--kind", kind, "--scenarios", "clean;none"]
    resources = ["--cluster_threads", "3", "--cluster_mem", "4G", "--cluster_time", "125"]
    assert main([*told, *resources]) == FAILED
    told[-1] = "clean;margin"
    assert main([*told, *resources]) == OK
    text = script.read_text()
    for directive in directives:
        assert f" {directive}" in text or f'"{directive}"' in text, directive
    number = {"sbatch": "SLURM_ARRAY_TASK_ID", "bsub": "LSB_JOBINDEX"}[kind]
    done = in_shell([str(script)], tmp_path, **{number: "9"})
    assert "there is no run 9" in done.stderr
    assert in_shell(["bash", "-n", str(script)], tmp_path).returncode == OK


def test_all_scenarios_run_by_default_or_else_all_overrides(model, tmp_path, capsys):
    told = ["generate-runs", str(model), str(tmp_path / "runs.sh"), "--kind", "bash"]
    assert main(told) == OK
    scenarios = AttrDict.from_yaml(model / "scenarios.yaml").scenarios
    assert (tmp_path / "runs.sh").read_text().count("--save_netcdf") == len(scenarios)
    bad = ["generate-runs", str(model), str(tmp_path / "x.sh"), "--kind", "sbatch"]
    assert main([*bad, "--cluster_time", "soon"]) == FAILED
    assert "HH:MM" in capsys.readouterr().err


def test_settings_for_snakemake_are_accepted_by_the_workflow(repo_root, tmp_path, capsys):
    from anello.run.config import read_config

    folder = tmp_path / "quarter"
    assert main(["new", str(folder), "--template", "district"]) == OK
    target = tmp_path / "tariffs.yaml"
    names = list(AttrDict.from_yaml(folder / "scenarios.yaml").overrides)[:2]
    told = ["generate-runs", str(folder), str(target), "--kind", "snakemake"]
    told += ["--scenarios", f"{names[0]};{','.join(names)}", "--override_dict", "{run.bigM: 1e5}"]
    assert main(told) == OK
    found = read_config(repo_root / "config" / "config.yaml", target)
    assert found.run == "tariffs"
    points = found.at_points(found.points())
    assert [point.model_scenario for point in points] == [names[0], ",".join(names)]
    assert all(point.overrides == {"run": {"bigM": 1e5}} for point in points)
    assert Path(points[0].data.model) == folder / "model.yaml"
    told[2] = str(tmp_path / "other.yaml")
    assert main([*told, "--cluster_mem", "4G"]) == FAILED
    assert "profiles" in capsys.readouterr().err


# --- what helps when something is wrong ----------------------------------------------------------


def test_a_profile_is_written_or_shown(model, tmp_path, capsys):
    target = tmp_path / "run.prof"
    told = ["check", str(model), "--profile_filename", str(target)]
    assert main(told) == OK
    assert target.stat().st_size > 1000
    capsys.readouterr()
    assert main(["check", str(model), "--profile"]) == OK
    assert "cumulative" in capsys.readouterr().err


def test_the_debugger_opens_where_the_error_arises(model, monkeypatch):
    seen = []
    monkeypatch.setattr("pdb.post_mortem", seen.append)
    assert main(["run", str(model), "--scenario", "none_such", "--pdb"]) == FAILED
    assert seen[0] is not None


def on_terminal(arguments, folder, **more):
    """Run a command with a terminal for its messages, and return what it wrote there."""
    where = str(Path(anello.__file__).parents[1])
    ours, theirs = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    process = subprocess.Popen(
        [sys.executable, "-m", "anello", *arguments],
        env={**environment, "PYTHONPATH": where, **more},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    parts = []
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        parts.append(part)
    os.close(ours)
    process.wait(timeout=60)
    return b"".join(parts).decode()


def test_colours_only_on_a_terminal_that_wants_them(tmp_path):
    assert "\033[31merror: \033[0m" in on_terminal(["check", "none_such"], tmp_path)
    plain = on_terminal(["check", "none_such"], tmp_path, NO_COLOR="1")
    assert "error: none_such" in plain
    assert "\033[31m" not in plain


def test_progress_is_a_line_that_goes_away(monkeypatch, capsys):
    from anello.base.progress import each
    from anello.cli import terminal

    monkeypatch.setattr(terminal, "_TICK_S", 0.01)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    with terminal.Progress().work("waiting"):
        for _ in each(range(4), "windows"):
            time.sleep(0.05)
    err = capsys.readouterr().err
    assert "windows [######..................] 1/4" in err
    assert err.endswith("\r\033[K")
    with terminal.Progress(quiet=True).work("waiting"):
        pass
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_options(shell, capsys):
    assert main(["completion", shell]) == OK
    script = capsys.readouterr().out
    for word in ("convert-results", "save_netcdf", "sbatch"):
        assert word in script
    assert "save-netcdf" not in script


def test_bash_completes(tmp_path):
    words = (
        "COMP_WORDS=(anello generate-runs --k); COMP_CWORD=2; _shtab_anello; echo ${COMPREPLY[@]}"
    )
    done = in_shell(["bash", "-c", f"source <(anello completion bash); {words}"], tmp_path)
    assert done.stdout.split() == ["--kind"]


def test_help_is_quick(tmp_path):
    code = "import sys; from anello.cli import main; main([]); print(sorted(sys.modules))"
    where = str(Path(anello.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": where},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(json.loads(done.stdout.splitlines()[-1].replace("'", '"')))
    assert not loaded & {"numpy", "pandas", "xarray", "pyomo", "plotly", "matplotlib", "shtab"}
