import fcntl
import functools
import hashlib
import json
import os
import re
import shutil
import sys
import types
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import Paramspace

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

from anello.run.config import parse_config
from anello.errors import AnelloError
from anello.base.files import sha256
from anello.run.provenance import code_digest
from anello.run.seals import damage, set_aside_damaged, set_back_future_times

try:
    SETTINGS = parse_config(
        config, [*workflow.configfiles, *workflow.overwrite_configfiles]
    )
except AnelloError as error:
    raise WorkflowError(str(error)) from None

RUN = SETTINGS.run
SCENARIOS = list(SETTINGS.scenarios)
SCENARIO_RESULTS = (
    "results.nc",
    "summary.json",
    "csv",
    "figures",
    "point.json",
    "operation.nc",
    "operation.json",
)
LATER_RESULTS = {"figures", "operation.nc", "operation.json"}
RUN_RESULTS = ("report.html", "scenarios.csv", "comparison", "sweep.nc", "sweep.csv")


def named_points():
    """The points of the sweep by the names that Snakemake's own parameter space gives them."""
    points = SETTINGS.points()
    if not points:
        return {}
    import pandas as pd
    from anello.run.sweep.points import point_labels

    several = len(SCENARIOS) > 1
    labels = point_labels(
        [({"scenario": p.scenario} if several else {}) | p.values for p in points]
    )
    space = Paramspace(
        pd.DataFrame(labels), filename_params="*", single_wildcard="point"
    )
    return dict(zip(space.instance_patterns, points, strict=True))


POINTS = named_points()


# Folders that hold results of their own: of scenarios, and of points.
RESULT_FOLDERS = [*SCENARIOS, *POINTS, *(f"points/{name}" for name in POINTS)]

# One pattern and not a thousand names: Snakemake matches it anew for every file of every job.
POINT = r"point~\d+[A-Za-z0-9_.~-]*"


wildcard_constraints:
    run=re.escape(RUN),
    # Where each step of a point is a job of its own, a point is a scenario like any other.
    scenario="|".join([*map(re.escape, SETTINGS.scenario_definitions), POINT]),
    point=POINT,
    iteration=r"\d{3}",


def point_of(name):
    """A point of the sweep by its name."""
    if name not in POINTS:
        raise WorkflowError(f"The sweep has no point {name}.")
    return POINTS[name]


@functools.cache
def scenario_settings(scenario):
    """The settings of one scenario or point, with its changes laid over those of the run."""
    if scenario in SETTINGS.scenario_definitions:
        return SETTINGS.scenario(scenario)
    return SETTINGS.at_points([point_of(scenario)])[0]


@functools.cache
def plain_settings(scenario):
    """The same as plain values; never to be changed."""
    return scenario_settings(scenario).model_dump(mode="json")


def settings(*sections, **parts):
    """A parameter function: some sections of a scenario's settings, as plain values.

    Only what a rule is given this way makes it run again when it changes, so each rule gets its own
    sections, and of some (named as keywords) only the keys that touch its result.
    """

    def chosen(wildcards):
        whole = plain_settings(wildcards.scenario)
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
    return local_model_files(data) if data.source == "folder" else []


def local_sources(wildcards):
    """The local files that `retrieve` reads, so that a change to one is noticed."""
    return local_model_files(scenario_settings(wildcards.scenario).data)


def local_model_files(data):
    """The local files that a model comes from."""
    if data.source == "folder":
        return model_files(data.root or data.model.parent)
    if data.source == "embedded":
        return [str(data.district)] if data.district else []
    local = data.folder or os.environ.get("ANELLO_ICCEP2019")
    return model_files(Path(local) / data.model_folder) if local else []


@functools.cache
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


def says_settled(record):
    """Whether a convergence record ends the loop. A damaged one does not: the rule that reads it as
    its trace fails, with a message that names it."""
    if damage(record):
        return False
    try:
        content = json.loads(Path(record).read_text(encoding="utf-8"))
        return bool(content["converged"] or content["stalled"])
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
        if says_settled(record):
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


def operations():
    """Operations of the scenarios whose settings ask for one."""
    return [
        f"results/{RUN}/{name}/operation.nc"
        for name in SCENARIOS
        if scenario_settings(name).coupling.operation is not None
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
        for place in RESULT_FOLDERS:
            found = list(set_aside_damaged(folder / place))
            for text in found:
                logger.warning(text)
            if count := set_back_future_times(folder / place):
                logger.warning(
                    f"{count} files of {place} carried times in the future; they count as new"
                )
            if found:
                withdraw([place])
        if any(damage(folder / name) for name in RUN_RESULTS):
            withdraw([])


def runtime_min(base, per_input_mb):
    """Time that grows with the size of the input files, and with each retry [min]."""

    def needed(wildcards, input, attempt):
        return int((base + per_input_mb * input.size_mb) * attempt)

    return needed


def solve_runtime_min(wildcards, input, attempt):
    """As `runtime_min`, and long enough for all that the solver's own time limit allows [min]."""
    limit_s = scenario_settings(wildcards.scenario).solver.time_limit_s or 0
    # The script gives a solver five times its limit, and a minute.
    least = int(5 * limit_s / 60) + 10 if limit_s else 0
    return max(runtime_min(60, 10)(wildcards, input, attempt), least)


def solver_threads(wildcards):
    """As many threads as the solver's options ask for; one by default."""
    name = wildcards.get("scenario") or wildcards.point
    return int(scenario_settings(name).solver.options.get("threads", 1))


def point_settings(wildcards):
    """The settings of one point, but for those of figures, which are not drawn for it."""
    return {**plain_settings(wildcards.point), "figures": {}}


def point_fingerprint(wildcards):
    """A checksum of all that a point's outcome depends on: settings, code and its own model files."""
    about = [
        point_settings(wildcards),
        point_of(wildcards.point).values,
        code("point.py"),
        [file_digest(path) for path in point_model_files(wildcards)],
    ]
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


@functools.cache
def file_digest(path):
    """The checksum of a file as it is when the run is planned."""
    return sha256(path)


def shared_model(wildcards):
    """The model folder of the point's scenario; nothing where the point has a model of its own."""
    data = scenario_settings(wildcards.point).data
    base = point_of(wildcards.point).scenario
    if data.source == "folder" or data != scenario_settings(base).data:
        return []
    return f"results/{wildcards.run}/{base}/model"


def point_model_files(wildcards):
    """The local files that a point's model comes from, so that a change to one is noticed."""
    return local_model_files(scenario_settings(wildcards.point).data)


def gather_interrupted_sweep():
    """Write the table of a sweep's points after a run in which jobs failed."""
    from anello.run.stages.gather import ExpectedPoint, gather_interrupted

    shared = SETTINGS.sweep.one_job_per_point
    expected = [
        ExpectedPoint(
            point=name,
            scenario=point.scenario,
            values=point.values,
            fingerprint=point_fingerprint(types.SimpleNamespace(point=name)),
            record=f"results/{RUN}/points/{name}/point.json",
            logs=f"results/{RUN}/{'points/' if shared else ''}{name}/logs",
        )
        for name, point in POINTS.items()
    ]
    folder = Path("results") / RUN
    said = gather_interrupted(
        expected, netcdf=folder / "sweep.nc", table=folder / "sweep.csv"
    )
    print(said, file=sys.stderr)


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
    places, outdated = set(RESULT_FOLDERS), set()
    for job in workflow.dag.needrun_jobs():
        for path in job.output:
            first, *more = Path(path).parts[2:]
            place = f"{first}/{more[0]}" if first == "points" and more else first
            # These are made beside or from the results, and change nothing about them.
            if place in places and LATER_RESULTS.isdisjoint(more):
                outdated.add(place)
    if outdated:
        withdraw(sorted(outdated))


def withdraw(places):
    """Remove the results in some folders, and with them report and table of the run."""
    folder = Path("results") / RUN
    finals = [folder / name for name in RUN_RESULTS]
    finals += [folder / place / name for place in places for name in SCENARIO_RESULTS]
    for path in finals:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


if workflow.is_main_process:
    check_results()
