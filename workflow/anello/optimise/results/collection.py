"""Everything about one scenario in one file, with tables and a summary beside it.

``results.nc`` has one group per kind of content, so that the hours of the dispatch, the instants of
the ring and the iterations of the loop do not get in each other's way:

=============== ==================================================================================
group           content
=============== ==================================================================================
``/``           title, run, scenario and version, as attributes
``results``     the last dispatch, as :func:`anello.optimise.results.extract` lays it out
``inputs``      the model data; attribute ``config`` holds the model's configuration as JSON
``ring``        the last simulation, with the ring's temperature in every iteration
``convergence`` one value per iteration of each measure; attribute ``record`` holds all as JSON
``provenance``  attributes ``versions``, ``settings``, ``checksums`` and ``quality``, as JSON
=============== ==================================================================================
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from anello import __version__
from anello.base.files import FilePath, sha256, write_json
from anello.base.tables import write_columns
from anello.errors import ArtefactError
from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.netcdf import read_groups, read_netcdf, write_netcdf
from anello.optimise.results.summary import summarise
from anello.optimise.results.tidy_csv import write_tidy_csv

PACKAGES = ("anello", "highspy", "netCDF4", "numpy", "pandas", "pydantic", "pyomo", "xarray")
# the endings that a measure's name may have, and the units they stand for
_UNITS_BY_ENDING = {
    "_k": "K",
    "_kwh": "kWh",
    "_kw": "kW",
    "_eur": "EUR",
    "_degc": "degC",
    "_s": "s",
    "_h": "h",
}


def collect(
    *,
    model_data: FilePath,
    dispatch: FilePath,
    ring: FilePath | None = None,
    rings: Iterable[FilePath] = (),
    record: FilePath | None = None,
    quality: FilePath | None = None,
    run: str = "",
    scenario: str = "",
    settings: Mapping[str, Any] | None = None,
    checksums: Mapping[str, str] | None = None,
    results_path: FilePath | None = None,
    summary_path: FilePath | None = None,
    tables_folder: FilePath | None = None,
) -> CollectedResults:
    """Gather one scenario's artefacts, and write the result file, the summary and the tables.

    Parameters
    ----------
    model_data, dispatch, ring, record, quality : path-like
        The scenario's model data; dispatch and ring of the iteration that is its result; the last
        convergence record; the data-quality report.
    rings : iterable of path-like, optional
        Rings of all iterations, in their order.
    run, scenario : str
        Their names.
    settings : mapping, optional
        The scenario's settings.
    checksums : mapping of str to str, optional
        SHA-256 of the source data, by name. The artefacts gathered are added to them.
    results_path, summary_path, tables_folder : path-like, optional
        Where to write; what is not given is not written.

    Returns
    -------
    CollectedResults
        What was gathered.

    Raises
    ------
    ArtefactError
        If an artefact is missing, damaged, or does not belong to the others.
    """
    from anello.model.data import ModelData

    data = ModelData.load(Path(model_data))
    found = read_netcdf(dispatch)
    _check_same_model(data.inputs, found, dispatch)
    trace = _read_json(record) if record is not None else {}
    collected = CollectedResults(
        results=found,
        inputs=data.inputs,
        ring=_rings(ring, list(rings) or [ring]) if ring is not None else None,
        convergence=convergence_dataset(trace) if trace else None,
        record=trace,
        quality=_read_json(quality) if quality is not None else None,
        config=dict(data.config),
        settings=dict(settings or {}),
        versions=versions(),
        checksums={
            **dict(checksums or {}),
            **{
                f"artefact: {Path(path).name}": sha256(path)
                for path in (model_data, dispatch, ring, record, quality)
                if path is not None
            },
        },
        attrs={
            "title": " ".join(filter(None, ["anello results", run, scenario])),
            "run": run,
            "scenario": scenario,
            "source": f"anello {__version__}",
            "anello_version": __version__,
        },
    )
    if results_path is not None:
        write_results(collected, results_path)
    if summary_path is not None:
        write_json(summary_path, summarise(collected))
    if tables_folder is not None:
        write_tables(collected, tables_folder)
    return collected


def write_results(collected: CollectedResults, path: FilePath) -> None:
    """Write collected results to one NetCDF file; equal results give equal bytes."""
    groups: dict[str, xr.Dataset] = {
        "/": xr.Dataset(attrs=collected.attrs),
        "results": collected.results,
        "inputs": collected.inputs.assign_attrs(config=_json(collected.config)),
        "provenance": xr.Dataset(
            attrs={
                "versions": _json(collected.versions),
                "settings": _json(collected.settings),
                "checksums": _json(collected.checksums),
                "quality": _json(collected.quality),
            }
        ),
    }
    if collected.ring is not None:
        groups["ring"] = collected.ring
    if collected.convergence is not None:
        groups["convergence"] = collected.convergence.assign_attrs(record=_json(collected.record))
    write_netcdf(groups, path)


def read_results(path: FilePath) -> CollectedResults:
    """Read what :func:`write_results` wrote.

    Parameters
    ----------
    path : path-like
        A scenario's ``results.nc``.

    Returns
    -------
    CollectedResults
        Fully in memory.

    Raises
    ------
    ArtefactError
        If the file is missing, damaged, or not a file of results.
    """
    groups = read_groups(path)
    missing = {"results", "inputs", "provenance"} - set(groups)
    if missing:
        raise ArtefactError(f"{path} is no file of collected results: no {', '.join(missing)}")
    inputs, provenance = groups["inputs"], groups["provenance"].attrs
    convergence = groups.get("convergence")
    return CollectedResults(
        results=groups["results"],
        inputs=inputs,
        ring=groups.get("ring"),
        convergence=convergence,
        record=json.loads(convergence.attrs["record"]) if convergence is not None else {},
        quality=json.loads(provenance["quality"]),
        config=json.loads(inputs.attrs.pop("config", "{}")),
        settings=json.loads(provenance["settings"]),
        versions=json.loads(provenance["versions"]),
        checksums=json.loads(provenance["checksums"]),
        attrs=dict(groups["/"].attrs),
    )


def write_tables(collected: CollectedResults, folder: FilePath) -> list[Path]:
    """Write the results, the ring and the convergence record as CSV tables.

    Parameters
    ----------
    collected : CollectedResults
        What to write.
    folder : path-like
        Where to; made if it does not exist.

    Returns
    -------
    list of pathlib.Path
        ``<variable>.csv`` per result variable, ``ring.csv`` with a row per step, and
        ``convergence.csv`` with a row per iteration.
    """
    written = write_tidy_csv(collected.results, folder)
    for name, columns in (
        ("ring", _ring_columns(collected.ring)),
        ("convergence", _convergence_columns(collected.convergence)),
    ):
        if columns is not None:
            path = Path(folder) / f"{name}.csv"
            write_columns(columns, path)
            written.append(path)
    return written


def convergence_dataset(record: Mapping[str, Any]) -> xr.Dataset:
    """Turn a convergence record into a data set.

    Parameters
    ----------
    record : mapping
        With ``converged`` and ``trace``, a list with one mapping of measures per iteration. Names
        of measures end in their units (``max_delta_t_k``).

    Returns
    -------
    xarray.Dataset
        One variable per measure that is a number in any iteration, along ``iteration``; NaN where
        an iteration does not have it.
    """
    trace = [entry for entry in record.get("trace", []) if isinstance(entry, Mapping)]
    names = list(dict.fromkeys(str(key) for entry in trace for key in entry))
    iterations = np.array(
        [int(entry.get("iteration", number)) for number, entry in enumerate(trace)], dtype=np.int64
    )
    arrays = {}
    for name in names:
        values = [entry.get(name) for entry in trace]
        numbers = [v for v in values if isinstance(v, (int, float, bool))]
        if name == "iteration" or not numbers:
            continue
        column = [float(v) if isinstance(v, (int, float, bool)) else np.nan for v in values]
        units = next((u for end, u in _UNITS_BY_ENDING.items() if name.endswith(end)), "1")
        arrays[name] = (
            "iteration",
            np.array(column),
            {"units": units, "long_name": name.replace("_", " ")},
        )
    return xr.Dataset(
        arrays,
        coords={"iteration": ("iteration", iterations, {"long_name": "Iteration"})},
        attrs={"converged": int(bool(record.get("converged", False)))},
    )


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that make the numbers."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = __version__ if name == "anello" else metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _rings(chosen: FilePath, every: Iterable[FilePath]) -> xr.Dataset:
    """Read the ring of the result and put the temperatures of all iterations beside it."""
    ring = read_netcdf(chosen)
    paths = list(every)
    temperatures = []
    for path in paths:
        other = ring if path == chosen else read_netcdf(path, only=["temperature_degc"])
        if "temperature_degc" not in other:
            raise ArtefactError(f"{path} has no ring temperature")
        if other.sizes["state"] != ring.sizes["state"]:
            raise ArtefactError(f"{path} and {chosen} are rings of different periods")
        temperatures.append(other["temperature_degc"].values)
    ring["temperature_by_iteration_degc"] = (
        ("iteration", "state"),
        np.stack(temperatures),
        {"units": "degC", "long_name": "mean ring temperature by iteration"},
    )
    return ring.assign_coords(iteration=np.arange(len(paths)))


def _check_same_model(inputs: xr.Dataset, results: xr.Dataset, path: FilePath) -> None:
    for dim in ("node", "timestep"):
        if not np.array_equal(inputs[dim].values.astype(results[dim].dtype), results[dim].values):
            raise ArtefactError(f"{path} is not a dispatch of this model: its {dim}s differ")


def _read_json(path: FilePath) -> dict[str, Any]:
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ArtefactError(f"{path} does not exist") from error
    except json.JSONDecodeError as error:
        raise ArtefactError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise ArtefactError(f"{path} does not hold a mapping")
    return content


def _json(content: Any) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False)


def _ring_columns(ring: xr.Dataset | None) -> dict[str, Any] | None:
    """Lay the ring out with one row per step; state values are those at the step's start."""
    if ring is None or "timestep" not in ring.dims:
        return None
    times = np.datetime_as_string(ring["timestep"].values, unit="s")
    columns: dict[str, Any] = {"timestep": [str(time).replace("T", " ") for time in times]}
    if "temperature_degc" in ring:
        columns["temperature_degc"] = ring["temperature_degc"].values[: len(times)]
    for name, array in ring.data_vars.items():
        if array.dims == ("timestep",):
            columns[str(name)] = array.values
        elif len(array.dims) == 2 and array.dims[1] == "timestep":
            for label, values in zip(array[array.dims[0]].values, array.values, strict=True):
                columns[f"{name} {label}"] = values
    return columns


def _convergence_columns(convergence: xr.Dataset | None) -> dict[str, Any] | None:
    if convergence is None:
        return None
    columns = {"iteration": convergence["iteration"].values}
    return columns | {str(name): array.values for name, array in convergence.data_vars.items()}
