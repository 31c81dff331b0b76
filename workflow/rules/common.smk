import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# The package beside this workflow is the one that runs, in jobs on other machines too: what the
# rules' code digests describe is then what computes. In a clone it lies beside the rules; a wheel
# carries the rules within the package, in anello/clone/workflow.
WORKFLOW_FOLDER = Path(str(workflow.current_basedir)).resolve().parent
PACKAGE_FOLDER = next(
    (
        folder
        for folder in (WORKFLOW_FOLDER, *WORKFLOW_FOLDER.parents[2:3])
        if (folder / "anello" / "__init__.py").is_file()
    ),
    None,
)
if PACKAGE_FOLDER is None:
    raise WorkflowError(
        f"{WORKFLOW_FOLDER} lacks the package: clone the repository to this machine, and name the "
        "Snakefile of the clone by its path, or install the package."
    )
# A relative PYTHONPATH leads jobs elsewhere than this process, which began in another folder.
RELATIVE = any(
    p and not os.path.isabs(p)
    for p in os.environ.get("PYTHONPATH", "").split(os.pathsep)
)
if RELATIVE or str(PACKAGE_FOLDER) not in sys.path:
    sys.path.insert(0, str(PACKAGE_FOLDER))
    os.environ.update(
        PYTHONPATH=os.pathsep.join(
            filter(None, [str(PACKAGE_FOLDER), os.environ.get("PYTHONPATH")])
        )
    )

from anello.errors import AnelloError
from anello.run.config import parse_config
from anello.run.iterations import iteration_file, result_iteration, says_settled
from anello.run.plan import RunPlan
from anello.run.stages.gather import gather_interrupted
from anello.run.unusual import unusual
from anello.run.workspace import Workspace

if not config:
    raise WorkflowError(
        "The workflow has no configuration: give one to the module, with `config: ...`."
    )
try:
    PLAN = RunPlan(
        parse_config(config, [*workflow.configfiles, *workflow.overwrite_configfiles]),
        WORKFLOW_FOLDER.parent / "scripts",
    )
except AnelloError as error:
    raise WorkflowError(str(error)) from None

SETTINGS, RUN, SCENARIOS, POINTS = PLAN.settings, PLAN.run, PLAN.scenarios, PLAN.points
code = PLAN.code

# Another workflow may use this one below a prefix.
FOLDER = Path(workflow.modifier.path_modifier.replace_prefix(f"results/{RUN}", None))
WORKSPACE = Workspace(FOLDER, PLAN.places, Path(".snakemake"))

# One pattern and not a thousand names: Snakemake matches it anew for every file of every job.
POINT = r"point~\d+[A-Za-z0-9_.~-]*"


wildcard_constraints:
    run=re.escape(RUN),
    # Where each step of a point is a job of its own, a point is a scenario like any other.
    scenario="|".join([*map(re.escape, PLAN.known), POINT]),
    point=POINT,
    iteration=r"\d{3}",


def one_of(names, *others):
    """A pattern of a wildcard: some names as they are, or other patterns; never, if there is none."""
    return "|".join([*map(re.escape, names), *others]) or r"(?!)"


def settings(*sections, **parts):
    """A parameter function: some sections of a scenario's settings.

    Only what a rule is given this way makes it run again when it changes, so each rule gets its own
    sections, and of some (named as keywords) only the keys that touch its result.
    """
    return lambda wildcards: PLAN.sections(wildcards.scenario, *sections, **parts)


def problem_settings():
    """Like `settings`, with as much of ring and coupling as the dispatch problem sees."""
    return lambda wildcards: PLAN.problem(wildcards.scenario)


def solving_settings():
    """Those of the dispatch problem, and what its solver is asked."""
    return lambda wildcards: PLAN.solving(wildcards.scenario)


def of_user(paths):
    """Files of the user's own, which no module's prefix touches."""
    return [local(path) for path in paths]


def model_folder(wildcards):
    """The folder that `retrieve` makes; nothing where the user names a model of their own."""
    return PLAN.model_folder(wildcards.scenario) or []


def own_model_files(wildcards):
    """The files of the user's own model."""
    return of_user(PLAN.own_model_files(wildcards.scenario))


def local_sources(wildcards):
    """The local files that `retrieve` reads."""
    return of_user(PLAN.model_files(wildcards.scenario))


def point_model_files(wildcards):
    """The local files that a point's model comes from."""
    return of_user(PLAN.model_files(wildcards.point))


def raw_data_folders(wildcards):
    """The folder of each scenario's model: where it is retrieved to, or where the user keeps it."""
    return [str(PLAN.raw_folder(name) or FOLDER / name / "model") for name in SCENARIOS]


def raw_data(wildcards):
    """These folders where a rule makes them, and the files in those of the user."""
    made = [PLAN.model_folder(name) for name in SCENARIOS]
    return [
        path
        for name, folder in zip(SCENARIOS, made)
        for path in ([folder] if folder else of_user(PLAN.own_model_files(name)))
    ]


def previous(name):
    """An input function: a file of the iteration before this one; nothing for the first."""
    return lambda wildcards: (
        iteration_file(RUN, wildcards.scenario, int(wildcards.iteration) - 1, name)
        if int(wildcards.iteration)
        else []
    )


def first(name):
    """An input function: a file of iteration 0; nothing for that iteration itself."""
    return lambda wildcards: (
        iteration_file(RUN, wildcards.scenario, 0, name)
        if int(wildcards.iteration)
        else []
    )


def remembered_rings(wildcards):
    """The rings of those earlier iterations that Anderson acceleration combines."""
    return PLAN.remembered_rings(wildcards.scenario, int(wildcards.iteration))


def last_iteration(wildcards):
    """The last iteration that is needed, as far as is known by now, and its record.

    Asks the checkpoint for one record after the other until one says that the loop has ended. Which
    paths follow is built from wildcards, never from the checkpoint's own output, which would be
    prefixed twice where this workflow is used as a module. A loop that has not converged ends at
    its limit without an error here: the rule that consumes this fails then, on its own scenario only.
    A scenario without a ring is solved once, and has no record.
    """
    if not PLAN.coupled(wildcards.scenario):
        return 0, None
    for number in range(PLAN.scenario(wildcards.scenario).coupling.max_iterations):
        record = checkpoints.check_convergence.get(
            run=RUN, scenario=wildcards.scenario, iteration=f"{number:03d}"
        ).output.record
        if says_settled(record):
            break
    return number, record


def settled(name):
    """An input function: a file of a scenario's last iteration; nothing that only a ring leaves."""
    return lambda wildcards: PLAN.iteration_files(
        wildcards.scenario, last_iteration(wildcards)[0], [name]
    )


def chosen(name):
    """An input function: a file of the iteration whose dispatch is the scenario's result."""

    def path(wildcards):
        last, record = last_iteration(wildcards)
        number = last if record is None else result_iteration(record, last)
        return iteration_file(RUN, wildcards.scenario, number, name)

    return path


def every(*names):
    """An input function: files of each of a scenario's iterations, in order."""
    return lambda wildcards: [
        path
        for number in range(last_iteration(wildcards)[0] + 1)
        for path in PLAN.iteration_files(wildcards.scenario, number, names)
    ]


def growing(base, per_input_mb):
    """A resource that grows with the size of the input files, and with each retry."""
    return lambda wildcards, input, attempt: int(
        (base + per_input_mb * input.size_mb) * attempt
    )


def solve_runtime_min(wildcards, input, attempt):
    """As `growing`, and long enough for all that the solver's own time limit allows [min]."""
    least = PLAN.least_solve_min(wildcards.scenario)
    return max(growing(60, 10)(wildcards, input, attempt), least)


def solver_threads(wildcards):
    """As many threads as the solver's options ask for."""
    return PLAN.solver_threads(wildcards.get("scenario") or wildcards.point)
