"""The workflow from another folder, in another workflow, and from a read-only checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import yaml

from warm_python import warm_python

from .conftest import ROOT, Project

NewProject = Callable[[], Project]
FIRST = "results/small/smart/model_data.nc"


def snakemake(folder: Path, snakefile: Path, *arguments: str, bound: bool = False) -> str:
    """Run Snakemake as a user of a folder, and return what it printed.

    Permissions bind the superuser too where `bound` is set.
    """
    here = snakefile.is_relative_to(ROOT) or "use rule" in snakefile.read_text(encoding="utf-8")
    python = warm_python() if here else sys.executable
    obeying = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    done = subprocess.run(
        [
            *(obeying if bound and os.geteuid() == 0 else []),
            *(python, "-m", "snakemake", "--cores", "1", "--snakefile", str(snakefile)),
            *arguments,
        ],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return f"exit code {done.returncode}\n{done.stdout}"


def checkout(folder: Path) -> Path:
    """Copy of what the workflow needs of this repository."""
    for name in ("workflow", "scripts", "config", "envs"):
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=skip)
    shutil.copy2(ROOT / "Snakefile", folder)
    return folder


def content(folder: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_mtime_ns for path in folder.rglob("*")}


def module(project: Project, lines: str, *, prefix: str = "") -> Path:
    """Write a Snakefile that uses the workflow as a module, with the project's settings."""
    base = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    district = {**base, **project.settings, "coupling": project.settings["coupling"]}
    for name, definition in district["scenario_definitions"].items():
        definition.setdefault("model_scenario", name)
    path = project.folder / "study.yaml"
    path.write_text(yaml.safe_dump({"district": district}), encoding="utf-8")
    snakefile = project.folder / "Snakefile"
    snakefile.write_text(
        'configfile: "study.yaml"\n\n'
        "module anello:\n"
        f'    snakefile: "{ROOT / "workflow" / "Snakefile"}"\n'
        '    config: config["district"]\n'
        f"{prefix}\n{lines}",
        encoding="utf-8",
    )
    return snakefile


def test_a_read_only_checkout_serves_another_folder_by_its_own_default(tmp_path: Path) -> None:
    clone = checkout(tmp_path / "clone")
    here = tmp_path / "here"
    here.mkdir()
    paths = [clone, *clone.rglob("*")]
    for path in paths:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)
    before = content(clone)
    target = "results/district/smart/model/model.yaml"
    said = snakemake(
        tmp_path, clone / "Snakefile", "--directory", str(here), "--",
        "results/district/smart/model_data.nc", bound=True,
    )  # fmt: skip
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    assert said.startswith("exit code 0\n"), said
    assert (here / target).exists()
    assert content(clone) == before
    assert not (tmp_path / "results").exists()


def test_a_folder_s_own_configuration_goes_before_the_checkout_s(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    own = (ROOT / "config" / "config.yaml").read_text(encoding="utf-8")
    changed = own.replace("run: district", "run: own", 1)
    (tmp_path / "config" / "config.yaml").write_text(changed, encoding="utf-8")
    said = snakemake(tmp_path, ROOT / "Snakefile", "--dry-run")
    assert said.startswith("exit code 0\n"), said
    assert "results/own/" in said
    assert "results/district/" not in said


def test_another_workflow_uses_all_rules_below_a_prefix(new_project: NewProject) -> None:
    project = new_project()
    project.settings["coupling"]["tolerance_k"] = 100.0
    snakefile = module(
        project,
        """
use rule * from anello as anello_*

onstart:
    anello.begin()

onerror:
    anello.fail()

rule size:
    default_target: True
    input:
        rules.anello_results.input,
    output:
        "size.txt",
    shell:
        "wc -c {input:q} > {output}"
""",
        prefix='    prefix: "north"\n',
    )
    said = snakemake(project.folder, snakefile)
    assert said.startswith("exit code 0\n"), said
    results = project.folder / "north" / "results" / "small"
    assert (results / "smart" / "results.nc").stat().st_size > 0
    assert "results.nc" in (project.folder / "size.txt").read_text(encoding="utf-8")
    assert not (project.folder / "results").exists()
    assert "localrules directive" not in said
    again = snakemake(project.folder, snakefile)
    assert "Nothing to be done" in again


def test_a_module_keeps_others_off_its_results_without_its_hooks(new_project: NewProject) -> None:
    project = new_project()
    snakefile = module(project, "use rule * from anello\n")
    said = snakemake(project.folder, snakefile, "--", FIRST)
    assert said.startswith("exit code 0\n"), said
    assert "process" in (project.folder / "results/small/.lock").read_text(encoding="utf-8")


def test_a_module_without_a_configuration_is_told(tmp_path: Path) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("run: mine\n", encoding="utf-8")
    snakefile = tmp_path / "Snakefile"
    snakefile.write_text(
        f'module anello:\n    snakefile: "{ROOT / "Snakefile"}"\n\nuse rule * from anello\n',
        encoding="utf-8",
    )
    said = snakemake(tmp_path, snakefile, "--configfile", str(overlay))
    assert not said.startswith("exit code 0\n")
    assert "`config: ...`" in said


def test_one_results_folder_of_two_working_folders_is_refused(
    new_project: NewProject, tmp_path: Path
) -> None:
    first, second = new_project(), new_project()
    shared = tmp_path / "shared"
    shared.mkdir()
    for project in (first, second):
        (project.folder / "results").symlink_to(shared)
    made = first.run(FIRST)
    assert made.code == 0, made.text
    # The other's memory knows nothing of the files, and would take them whatever its settings.
    second.settings["scenario_definitions"]["smart"]["overrides"]["model.name"] = "another"
    before = content(shared)
    refused = second.run(FIRST)
    assert refused.code != 0
    assert str(first.folder) in refused.text
    assert "--directory" in refused.text
    assert "Traceback" not in refused.text
    assert content(shared) == before
    assert first.run(FIRST).jobs == {}


def test_another_checkout_of_the_same_code_goes_on_in_the_same_folder(
    new_project: NewProject, tmp_path: Path
) -> None:
    project = new_project()
    made = project.run(FIRST)
    assert made.code == 0, made.text
    clone = checkout(tmp_path / "clone")
    files = (str(clone / "config" / "config.yaml"), str(project.folder / "overlay.yaml"))
    said = snakemake(project.folder, clone / "Snakefile", "--configfile", *files, "--", FIRST)
    assert "Nothing to be done" in said, said


def test_jobs_run_the_package_beside_the_workflow_whatever_a_path_from_elsewhere_says(
    new_project: NewProject, tmp_path: Path
) -> None:
    """Of a relative PYTHONPATH, jobs in another folder found whichever package came next."""
    project = new_project()
    other = tmp_path / "other" / "anello"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("raise RuntimeError('another package')", encoding="utf-8")
    done = subprocess.run(
        project.command(FIRST),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["workflow", str(other.parent)])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert (project.folder / FIRST).is_file()
