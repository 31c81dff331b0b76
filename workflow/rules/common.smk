import fcntl
import functools
import json
import os
import re
import shutil
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# The package beside this workflow is the one that runs, in jobs on other machines too: what the
# rules' code digests describe is then what computes.
PACKAGE_FOLDER = Path(str(workflow.current_basedir)).resolve().parent
if (PACKAGE_FOLDER / "anello").is_dir():
    sys.path.insert(0, str(PACKAGE_FOLDER))
    os.environ.update(
        PYTHONPATH=os.pathsep.join(
            filter(None, [str(PACKAGE_FOLDER), os.environ.get("PYTHONPATH")])
        )
    )

from anello.config import parse_config
from anello.errors import AnelloError
from anello.provenance import code_digest
from anello.seals import damage, set_aside_damaged

try:
    SETTINGS = parse_config(
        config, [*workflow.configfiles, *workflow.overwrite_configfiles]
    )
except AnelloError as error:
    raise WorkflowError(str(error)) from None

RUN = SETTINGS.run
SCENARIOS = list(SETTINGS.scenarios)
SCENARIO_RESULTS = ("results.nc", "summary.json", "csv", "figures")
RUN_RESULTS = ("report.html", "scenarios.csv", "comparison")


wildcard_constraints:
    run=re.escape(RUN),
    scenario="|".join(re.escape(name) for name in SETTINGS.scenario_definitions),
    iteration=r"\d{3}",


@functools.cache
def scenario_settings(scenario):
    """The settings of one scenario, with its changes laid over those of the run."""
    return SETTINGS.scenario(scenario)


def settings(*sections, **parts):
    """A parameter function: some sections of a scenario's settings, as plain values.

    Only what a rule is given this way makes it run again when it changes, so each rule gets its own
    sections, and of some (named as keywords) only the keys that touch its result.
    """

    def chosen(wildcards):
        whole = scenario_settings(wildcards.scenario).model_dump(mode="json")
        return {
            **{section: whole[section] for section in sections},
            **{
                section: {key: whole[section][key] for key in keys}
                for section, keys in parts.items()
            },
        }

    return chosen


def problem_settings(*sections, **parts):
    """Like `settings`, with as much of ring and coupling as the dispatch problem sees.

    A fixed point's problem knows which heat pumps there are, and nothing else of the ring.
    """

    def chosen(wildcards):
        coupling = scenario_settings(wildcards.scenario).coupling
        sees_ring = coupling.method == "slp" or coupling.fixed_point.scheduled_balancing
        if sees_ring:
            seen = settings("ring", coupling=("method", "fixed_point", "slp"))
        else:
            seen = settings(
                ring=("mode", "heat_pumps", "oddities"), coupling=("method",)
            )
        return {**settings(*sections, **parts)(wildcards), **seen(wildcards)}

    return chosen


@functools.cache
def code(script):
    """A checksum of a rule's script and of all it reaches within the package."""
    return code_digest(PACKAGE_FOLDER.parent / "scripts" / script)


def model_folder(wildcards):
    """The folder that `retrieve` makes; nothing where the user names a model of their own."""
    if scenario_settings(wildcards.scenario).data.source == "folder":
        return []
    return f"results/{wildcards.run}/{wildcards.scenario}/model"


def own_model_files(wildcards):
    """The files of the user's own model, so that a change to one is noticed."""
    data = scenario_settings(wildcards.scenario).data
    if data.source != "folder":
        return []
    return model_files(data.root or data.model.parent)


def local_sources(wildcards):
    """The local files that `retrieve` reads, so that a change to one is noticed."""
    data = scenario_settings(wildcards.scenario).data
    if data.source == "embedded":
        return [str(data.district)] if data.district else []
    local = data.folder or os.environ.get("ANELLO_ICCEP2019")
    return model_files(Path(local) / data.model_folder) if local else []


def model_files(folder):
    """The YAML and CSV files of a model folder."""
    return sorted(
        str(path)
        for path in Path(folder).rglob("*")
        if path.suffix in (".yaml", ".yml", ".csv")
    )


def raw_data_folders(wildcards):
    """The folder of each scenario's model: where it is retrieved to, or where the user keeps it."""
    sources = {name: scenario_settings(name).data for name in SCENARIOS}
    return [
        (
            str(data.model.parent)
            if data.source == "folder"
            else f"results/{wildcards.run}/{name}/model"
        )
        for name, data in sources.items()
    ]


def raw_data(wildcards):
    """These folders where a rule makes them, and the files in those of the user."""
    sources = [scenario_settings(name).data.source for name in SCENARIOS]
    return [
        path
        for source, folder in zip(sources, raw_data_folders(wildcards))
        for path in (model_files(folder) if source == "folder" else [folder])
    ]


def iteration_file(wildcards, number, name):
    """A file of one of a scenario's iterations."""
    folder = f"results/{wildcards.run}/{wildcards.scenario}/iterations"
    return f"{folder}/{int(number):03d}/{name}"


def previous(name):
    """An input function: a file of the iteration before this one; nothing for the first."""

    def path(wildcards):
        number = int(wildcards.iteration)
        return iteration_file(wildcards, number - 1, name) if number else []

    return path


def first(name):
    """An input function: a file of iteration 0; nothing for that iteration itself."""

    def path(wildcards):
        return iteration_file(wildcards, 0, name) if int(wildcards.iteration) else []

    return path


def remembered_rings(wildcards):
    """The rings of those earlier iterations that Anderson acceleration combines."""
    number = int(wildcards.iteration)
    depth = scenario_settings(wildcards.scenario).coupling.fixed_point.anderson_depth
    return [
        iteration_file(wildcards, earlier, "ring.nc")
        for earlier in range(max(number - depth, 0), number)
    ]


def says_converged(record):
    """Whether a convergence record ends the loop. A damaged one does not: the rule that reads it as
    its trace fails, with a message that names it."""
    if damage(record):
        return False
    try:
        return bool(json.loads(Path(record).read_text(encoding="utf-8"))["converged"])
    except (ValueError, KeyError, TypeError):
        return False


def result_iteration(record, last):
    """The iteration that a convergence record chose, which for an SLP need not be the last."""
    try:
        return int(
            json.loads(Path(record).read_text(encoding="utf-8"))["result_iteration"]
        )
    except (ValueError, KeyError, TypeError):
        return last


def last_iteration(wildcards):
    """The number of the last iteration that is needed, as far as is known by now.

    Asks the checkpoint for one record after the other until one says that the loop has ended. Which
    paths follow is built from wildcards, never from the checkpoint's own output, which would be
    prefixed twice where this workflow is used as a module. A loop that has not converged ends at
    its limit without an error here: the rule that consumes this fails then, on its own scenario only.
    """
    limit = scenario_settings(wildcards.scenario).coupling.max_iterations
    for number in range(limit):
        record = checkpoints.check_convergence.get(
            run=wildcards.run, scenario=wildcards.scenario, iteration=f"{number:03d}"
        ).output.record
        if says_converged(record):
            break
    return number


def settled(name):
    """An input function: a file of a scenario's last iteration."""
    return lambda wildcards: iteration_file(wildcards, last_iteration(wildcards), name)


def chosen(name):
    """An input function: a file of the iteration whose dispatch is the scenario's result."""

    def path(wildcards):
        last = last_iteration(wildcards)
        record = iteration_file(wildcards, last, "convergence.json")
        return iteration_file(wildcards, result_iteration(record, last), name)

    return path


def every(*names):
    """An input function: files of each of a scenario's iterations, in order."""
    return lambda wildcards: [
        iteration_file(wildcards, number, name)
        for number in range(last_iteration(wildcards) + 1)
        for name in names
    ]


def memory_mb(base, per_input_mb):
    """Memory that grows with the size of the input files, and with each retry [MB]."""

    def needed(wildcards, input, attempt):
        return int((base + per_input_mb * input.size_mb) * attempt)

    return needed


def lock_results():
    """Take the lock on this run's results; None if another process holds it.

    It vanishes with the process, or when what is returned here is closed.
    """
    folder = Path("results") / RUN
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / ".lock", "a+", encoding="utf-8")
    except OSError as error:
        raise WorkflowError(f"{folder} cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def check_results():
    """Set aside what is damaged before Snakemake looks at what there is.

    Not while another run writes: a file is there for a moment before its checksum is.
    """
    folder = Path("results") / RUN
    if not os.access(folder, os.W_OK) or (lock := lock_results()) is None:
        return
    with lock:
        for scenario in SCENARIOS:
            found = list(set_aside_damaged(folder / scenario))
            for text in found:
                logger.warning(text)
            if found:
                withdraw([scenario])
        if any(damage(folder / name) for name in RUN_RESULTS):
            withdraw([])


def take_lock():
    """Keep a second run off this run's results for as long as this process lives."""
    global LOCK
    LOCK = lock_results()
    if LOCK is None:
        folder = Path("results") / RUN
        holder = (folder / ".lock").read_text(encoding="utf-8").strip()
        raise WorkflowError(
            f"Another run ({holder or 'unknown process'}) is writing to {folder}. "
            "Wait until it has ended, or give this one another name with --config run=NAME."
        )
    LOCK.truncate(0)
    LOCK.write(f"process {os.getpid()} on {os.uname().nodename}")
    LOCK.flush()


def withdraw_outdated():
    """Remove the results of scenarios that are about to be computed anew.

    Should the run fail, nothing stands beside its error that looks like the outcome of the new
    settings. The iterations stay: going back to the former settings costs a collection.
    """
    if workflow.touch:
        return
    planned = {str(path) for job in workflow.dag.needrun_jobs() for path in job.output}
    outdated = [s for s in SCENARIOS if f"results/{RUN}/{s}/results.nc" in planned]
    if outdated:
        withdraw(outdated)


def withdraw(scenarios):
    """Remove the results of scenarios, and with them the report on the run."""
    folder = Path("results") / RUN
    finals = [folder / name for name in RUN_RESULTS]
    finals += [folder / s / name for s in scenarios for name in SCENARIO_RESULTS]
    for path in finals:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


if workflow.is_main_process:
    check_results()
