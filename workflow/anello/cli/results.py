"""Commands that look at results: plot, compare, convert, keep their sizes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anello.cli.models import NETCDF, absent
from anello.cli.options import FILE, Commands, add_diagnosis, argument, flag, share
from anello.cli.terminal import DIFFERENT, OK, Progress, print_table
from anello.errors import InputError

if TYPE_CHECKING:
    from anello.api.model import Model

_KINDS = ("summary", "timeseries", "capacity", "transmission", "flows")
_IMAGES = (".svg", ".pdf", ".png", ".jpeg", ".jpg", ".webp")
_PLOT = """\
examples:
  anello plot out.nc out.html                                     everything in one page
  anello plot out.nc heat.svg --array heat                        who makes and uses heat
  anello plot out.nc school.html --array heat --subset "{locs: [school]}"
  anello plot out.nc built.png --array energy_cap --orient v      what is built
  anello plot out.nc links.svg --kind transmission                links on a map
  anello plot out.nc noon.svg --kind flows --timestep_index_subset 12,13

The file is that of `anello run --save_netcdf` or the workflow's results.nc. Pages open without a
network. An image shows one variable or one time step.
"""
_COMPARE = """\
examples:
  anello compare before.nc after.nc
  anello compare a/results.nc b/results.nc --tolerance 1e-6    exit code 4 if they differ

The files are those of `anello run --save_netcdf` or the workflow's results.nc.
"""
_CONVERT = """\
examples:
  anello convert-results out.nc out_tables     every variable as a CSV table
  anello convert-results out_tables out.nc     and back, with what you changed in them

Nothing is lost on the way: the file made from unchanged tables holds the same as the first.
"""
_KEEP_SIZES = """\
examples:
  anello keep-sizes results/district/designed/results.nc built.yaml
  snakemake --cores 2 --configfile config/config.yaml built.yaml

Settings of a scenario with the sizes that another one found: powers, volumes and areas that its
model left open, and its ring's wells, heater and coolers. Round them to what is sold, or give the
scenario other weather, and run it: the sizes are then given, and only operation is found.
"""


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    plot = commands.add("plot", _plot, "Draw results: pages for a browser, or images.", _PLOT)
    argument(plot, "results", FILE, metavar="RESULTS.nc", help="a solved model, or its inputs")
    argument(plot, "out_file", FILE, metavar="OUT", help="ends in .html, .svg, .pdf, .png, ...")
    plot.add_argument(
        "--kind",
        choices=_KINDS,
        help="what to draw; by default all in one page, or what --array is part of",
    )
    plot.add_argument(
        "--array", metavar="NAMES", help="carriers or variables, with commas between them"
    )
    plot.add_argument(
        "--subset", metavar="YAML", help="labels to show: {locs: [a, b], timesteps: [first, last]}"
    )
    flag(plot, "sum_dims", metavar="NAMES", help="dimensions to add up over, with commas")
    plot.add_argument("--orient", choices=("h", "v"), help="direction of the bars of capacities")
    flag(
        plot,
        "timesteps_zoom",
        metavar="COUNT",
        type=int,
        help="how many time steps are seen at first",
    )
    plot.add_argument(
        "--rangeslider", action="store_true", help="a slider under series, to choose the time"
    )
    flag(
        plot,
        "timestep_index_subset",
        metavar="FIRST,END",
        type=_pair,
        help="steps of the flows, by position",
    )
    flag(
        plot, "timestep_cycle", metavar="COUNT", type=int, help="one of so many steps of the flows"
    )
    add_diagnosis(plot)

    compare = commands.add("compare", _compare, "List what two results differ in.", _COMPARE)
    argument(compare, "first", FILE, metavar="A.nc", help="the one to start from")
    argument(compare, "second", FILE, metavar="B.nc", help="the one to compare with it")
    compare.add_argument(
        "--tolerance",
        metavar="SHARE",
        type=share,
        help="exit code 4 if a number differs by more than this share",
    )
    add_diagnosis(compare)

    convert = commands.add(
        "convert-results", _convert, "Turn a NetCDF file into CSV tables, or back.", _CONVERT
    )
    argument(convert, "source", FILE, metavar="FROM", help="a .nc file, or a folder of tables")
    argument(convert, "target", FILE, metavar="TO", help="the folder or the .nc file to make")
    add_diagnosis(convert)

    keep = commands.add(
        "keep-sizes",
        _keep_sizes,
        "Write a scenario with the sizes that another found.",
        _KEEP_SIZES,
    )
    argument(keep, "results", FILE, metavar="RESULTS.nc", help="results of the workflow")
    argument(keep, "out_file", FILE, metavar="OUT.yaml", help="the settings to make")
    flag(keep, "name", metavar="NAME", default="built", help="the scenario (default: built)")
    add_diagnosis(keep)


def _pair(text: str) -> list[int]:
    parts = text.split(",")
    if len(parts) != 2:
        raise argparse.ArgumentTypeError("needs two positions with a comma, such as 24,48")
    return [int(part) for part in parts]


def _saved(text: str) -> Path:
    """Return the path of a model that was saved.

    Raises
    ------
    InputError
        If there is no file, or it is something else.
    """
    path = Path(text)
    if not path.exists():
        raise InputError(f"{path} does not exist")
    if path.is_dir() or path.suffix not in NETCDF:
        raise InputError(
            f"{path} is no NetCDF file (.nc), as `anello run --save_netcdf` and the workflow write"
        )
    return path


# --- plot ----------------------------------------------------------------------------------------

_OPTIONS = {
    "array": ("timeseries", "capacity"),
    "subset": ("timeseries", "capacity"),
    "sum_dims": ("timeseries", "capacity"),
    "timesteps_zoom": ("timeseries",),
    "rangeslider": ("timeseries",),
    "orient": ("capacity",),
    "timestep_index_subset": ("flows",),
    "timestep_cycle": ("flows",),
}
"""For which kinds of plot an option means something."""


def _plot(told: argparse.Namespace) -> int:
    from anello.api.reading import read_netcdf

    progress = Progress(told.quiet)
    source, target = _saved(told.results), Path(told.out_file)
    names = told.array.split(",") if told.array else []
    given: dict[str, Any] = {
        "array": names[0] if len(names) == 1 else names,
        "subset": _subset(told.subset),
        "sum_dims": told.sum_dims.split(",") if told.sum_dims else None,
        "timesteps_zoom": told.timesteps_zoom,
        "rangeslider": told.rangeslider,
        "orient": told.orient,
        "timestep_index_subset": told.timestep_index_subset,
        "timestep_cycle": told.timestep_cycle,
    }
    options = {name: value for name, value in given.items() if value}
    with progress.work(f"reading {told.results}"):
        model = read_netcdf(source)
    kind = told.kind or _kind(model, names, options)
    for name in options:
        if kind not in _OPTIONS[name]:
            raise InputError(
                f"--{name} means nothing for a plot of the kind {kind}; it is for"
                f" --kind {' or '.join(_OPTIONS[name])}"
            )
    if kind == "summary" and target.suffix.lower() in _IMAGES:
        raise InputError(
            f"{target}: a summary is a page, not an image. End its name in .html, or choose what to"
            " draw with --array or --kind"
        )
    with progress.work(f"drawing {target}"):
        getattr(model.plot, kind)(to_file=target, **options)
    return OK


def _kind(model: Model, names: list[str], options: dict[str, Any]) -> str:
    """Return the kind of plot that the options are about."""
    if names:
        carriers = set(model.data.inputs["carrier"].values.tolist())
        if names[0] in carriers or names[0] in ("all", "results", "inputs"):
            return "timeseries"
        dims = model.get_formatted_array(names[0]).dims
        return "timeseries" if "timesteps" in dims else "capacity"
    kinds = {kind for name in options for kind in _OPTIONS[name]}
    return next((kind for kind in _KINDS if kind in kinds), "summary")


def _subset(text: str | None) -> dict[str, list[Any]] | None:
    if text is None:
        return None
    from anello.api.attrdict import AttrDict

    found = AttrDict.from_yaml_string(text)
    wrong = [key for key, labels in found.items() if not isinstance(labels, list)]
    if wrong:
        raise InputError(
            f"--subset {text}: {wrong[0]} needs a list of labels, such as {{{wrong[0]}: [a, b]}}"
        )
    return {str(key): [str(label) for label in labels] for key, labels in found.items()}


# --- convert -------------------------------------------------------------------------------------


def _convert(told: argparse.Namespace) -> int:
    from anello.optimise.results.tables import netcdf_to_tables, tables_to_netcdf

    source, progress = Path(told.source), Progress(told.quiet)
    if not source.exists():
        raise InputError(f"{source} does not exist")
    target = absent(told.target)
    if source.is_dir():
        if target.suffix not in NETCDF:
            raise InputError(f"{target}: tables become a NetCDF file; end its name in .nc")
        with progress.work(f"reading the tables in {source}"):
            tables_to_netcdf(source, target)
    else:
        with progress.work(f"writing tables into {target}"):
            netcdf_to_tables(source, target)
    return OK


# --- compare -------------------------------------------------------------------------------------


def _compare(told: argparse.Namespace) -> int:
    from anello.api.reading import read_netcdf

    paths = (_saved(told.first), _saved(told.second))
    first, second = (_numbers(read_netcdf(path), str(path)) for path in paths)
    rows = []
    worst = 0.0
    for name in dict.fromkeys([*first, *second]):
        a, b = first.get(name), second.get(name)
        share = _difference(a, b)
        worst = max(worst, share)
        if a != b:
            rows.append((name, _shown(a), _shown(b), _change(a, b)))
    if rows:
        print_table([("", told.first, told.second, "change"), *rows])
    equal = len(dict.fromkeys([*first, *second])) - len(rows)
    print(f"{equal} numbers are equal, {len(rows)} differ" if rows else "no number differs")
    if told.tolerance is not None and worst > told.tolerance:
        return DIFFERENT
    return OK


def _numbers(model: Model, path: str) -> dict[str, float]:
    """Costs, capacities, and flows over time, by a name that says what they are."""
    if not model.is_solved:
        raise InputError(f"{path} holds no results: it was saved before it was run")
    results = model.dispatch
    weight = results["timestep_weight"]
    found = {"objective": float(results.attrs["cost_objective"])}
    sums = {"cost": ("cost", None), "energy_cap": ("capacity", "kW")}
    sums |= {"storage_cap": ("storage capacity", "kWh")}
    flows = {"carrier_prod": "production", "carrier_con": "consumption", "carrier_export": "export"}
    for name in [*sums, *flows, "unmet_demand", "unused_supply"]:
        if name not in results:
            continue
        array = results[name]
        if "timestep" in array.dims:
            array = (array * weight).sum("timestep", min_count=1)
        title, unit = sums.get(name, (flows.get(name, name.replace("_", " ")), "kWh"))
        series = array.reset_coords(drop=True).to_series().dropna()
        for index, value in series.items():
            labels = index if isinstance(index, tuple) else (index,)
            key = f"{title} {' '.join(map(str, labels))}" + (f" [{unit}]" if unit else "")
            found[key] = float(value)
    return found


def _difference(a: float | None, b: float | None) -> float:
    if a is None or b is None:
        return float("inf")
    if a == b:
        return 0.0
    return abs(a - b) / max(abs(a), abs(b))


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:,.6g}"


def _change(a: float | None, b: float | None) -> str:
    if a is None or b is None:
        return "added" if a is None else "gone"
    if a == 0:
        return f"{b - a:+,.4g}"
    share = (b - a) / abs(a)
    return f"{share:+.2%}" if abs(share) >= 1e-4 else f"{share:+.1e}"


# --- sizes ---------------------------------------------------------------------------------------


def _keep_sizes(told: argparse.Namespace) -> int:
    import yaml

    from anello.base.files import atomic_path
    from anello.optimise.results import read_results
    from anello.run.kept_sizes import kept_sizes

    source, target = _saved(told.results), absent(told.out_file)
    settings = kept_sizes(read_results(source), told.name)
    head = f"# Sizes that {told.results} found, in kW, kWh, m2 and kg/s, rounded up.\n"
    with Progress(told.quiet).work(f"writing {target}"), atomic_path(target) as temporary:
        text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, width=100)
        temporary.write_text(head + text, encoding="utf-8")
    return OK
