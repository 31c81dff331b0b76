"""What one iteration hands to the next: COP, and for an SLP its incumbent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from anello.base.files import FilePath, atomic_path
from anello.base.netcdf import COMPRESSION, PACKED_FROM_BYTES
from anello.coupling.config import CouplingConfig
from anello.coupling.incumbent import Linearisation
from anello.coupling.iteration import heat_pumps, start_cop, with_cop
from anello.coupling.water import Water
from anello.errors import ArtefactError
from anello.model.data import ModelData
from anello.ring.config import RingConfig

if TYPE_CHECKING:
    import netCDF4

Floats = NDArray[np.float64]

_PUMP, _STEP, _WAY = ("node", "timestep"), ("timestep",), ("way", "timestep")
_MACHINE, _EXCHANGER = ("machine", "timestep"), ("exchanger", "timestep")
_FIELDS = {
    "output_per_k": (_PUMP, "kWh K-1", "change of output per kelvin of ring temperature"),
    "output_per_kwh": (_PUMP, "1", "change of output per kWh in the store"),
    "output_kwh": (_PUMP, "kWh", "thermal output"),
    "offset_kwh": (_PUMP, "kWh", "output that no electricity of the step explains"),
    "storage_kwh": (_PUMP, "kWh", "level of the heat pump's store"),
    "capacity_factor": (_PUMP, "1", "thermal capacity relative to nominal"),
    "degc_per_kwh": (("node",), "K kWh-1", "store's temperature slope"),
    "tank_kwh": (("node",), "kWh", "size of the heat pump's store, where it is to be found"),
    "temperature_degc": (("state",), "degC", "mean ring temperature"),
    "source_degc": (_PUMP, "degC", "water at each heat pump"),
    "use_degc": (_PUMP, "degC", "use side of each heat pump"),
    "machine_per_kwh": (_MACHINE, "1", "electricity of a machine per heat"),
    "machine_per_k": (_MACHINE, "kWh K-1", "its change per kelvin of the water"),
    "exchanged_kw": (_EXCHANGER, "kW", "heat of each way through an exchanger"),
    "given_kw": (_STEP, "kW", "heat that is not decided"),
    "field_kw": (_STEP, "kW", "heat of a borefield into the ring"),
    "plant_eur_per_kwh": (_WAY, "EUR kWh-1", "cost of heat to a plant that is not seen"),
    "plant_known_eur": (_WAY, "EUR", "the same at no heat, less that of the incumbent"),
    "well_shift_k": (_STEP, "K", "shift of the wells' supply"),
}
"""Dimensions, units and meaning of a linearisation's arrays."""
_WATER = {
    "station_kw": (("station", "timestep"), "kW", "heat at a substation"),
    "station_given_kw": (("station", "timestep"), "kW", "heat that is not decided"),
    "degc": (("place", "timestep"), "degC", "water at each place of a loop"),
    "given_degc": (("place", "timestep"), "K", "what of it mean, waves and heat do not say"),
    "wave_keep": (("wave", "timestep"), "1", "what a step leaves of a wave"),
    "wave_per_kw": (("wave", "station", "timestep"), "K kW-1", "amplitude by heat"),
    "per_wave": (("place", "wave", "timestep"), "1", "temperature of the water by amplitude"),
    "per_kw": (("place", "heated", "timestep"), "K kW-1", "the same by heat in the step"),
    "passing_kw_per_k": (_STEP, "kW K-1", "heat per kelvin of the water that passes"),
    "pump_kw": (_STEP, "kW", "electricity of the circulation pump"),
    "unseen_eur_per_kw": (("station", "timestep"), "EUR kW-1", "cost of heat that waves hide"),
    "output_kwh": (_PUMP, "kWh", "thermal output"),
    "unseen_eur_per_kwh": (_PUMP, "EUR kWh-1", "cost of output by the flow it calls for"),
    "shift_per_kwh": (_PUMP, "kWh-1", "how many parcels further water comes by output"),
    "wave_by_start": (("wave", "timestep"), "K", "amplitude by water a parcel further before"),
    "wave_by_end": (("wave", "timestep"), "K", "the same by water further at the step's end"),
    "water_by_start": (("station", "timestep"), "K", "water at a place, likewise"),
    "water_by_end": (("station", "timestep"), "K", "water at a place, likewise"),
}
"""The same for the water of a loop; in the file, their names begin with `water_`."""
_ATTRIBUTES = ("trust_region_k", "cost_eur", "given_cost_eur")


def write_cop(
    path: FilePath,
    cop: Mapping[str, Floats],
    times: NDArray[Any],
    about: Linearisation | None = None,
) -> None:
    """Write COP series, and what belongs to them, to a NetCDF file; equal data give equal bytes.

    Parameters
    ----------
    path : path-like
        The file to make.
    cop : mapping of str to ndarray, shape (T,)
        COP by heat pump, `location::technology` [-].
    times : ndarray of datetime64, shape (T,)
        Start of each time step.
    about : Linearisation, optional
        The incumbent of an SLP.
    """
    import netCDF4

    with atomic_path(path) as temporary, netCDF4.Dataset(str(temporary), "w") as file:
        file.createDimension("node", len(cop))
        file.createDimension("timestep", len(times))
        node = file.createVariable("node", str, ("node",))
        step = file.createVariable("timestep", "i8", ("timestep",))
        step.units = "minutes since 1970-01-01 00:00:00"
        step.calendar = "proleptic_gregorian"
        fillings: list[tuple[Any, Any]] = [
            (node, np.array(list(cop), dtype=object)),
            (step, times.astype("datetime64[m]").astype(np.int64)),
        ]

        def put(name: str, dims: tuple[str, ...], values: Any, units: str, text: str) -> None:
            packed = COMPRESSION if np.asarray(values).nbytes >= PACKED_FROM_BYTES else {}
            variable = file.createVariable(name, "f8", dims, **packed)
            variable.units, variable.long_name = units, text
            fillings.append((variable, values))

        series = np.array(list(cop.values()))
        put("cop", ("node", "timestep"), series, "1", "coefficient of performance to dispatch with")
        if about is not None:
            _put_incumbent(file, about, len(times), put)
        for variable, values in fillings:  # when all are defined, as `write_variables` does
            if np.size(values):
                variable[:] = values


def _put_incumbent(
    file: netCDF4.Dataset, about: Linearisation, steps: int, put: Callable[..., None]
) -> None:
    """Define the dimensions of an incumbent, and put down what it consists of."""
    file.createDimension("state", steps + 1)
    file.createDimension("way", len(about.plant_eur_per_kwh))
    file.createDimension("machine", len(about.machine_per_kwh) or None)
    file.createDimension("exchanger", len(about.exchanged_kw) or None)
    for name, (dims, units, text) in _FIELDS.items():
        put(name, dims, getattr(about, name), units, text)
    if about.water is not None:
        for name, size in zip(("place", "wave"), about.water.per_wave.shape[:2], strict=True):
            file.createDimension(name, size)
        file.createDimension("station", len(about.water.station_kw))
        file.createDimension("heated", about.water.per_kw.shape[1] or None)
        for name, (dims, units, text) in _WATER.items():
            put(f"water_{name}", dims, getattr(about.water, name), units, text)
    for name in _ATTRIBUTES:
        file.setncattr(name, getattr(about, name))
    file.incumbent_iteration = about.iteration
    file.loop = int(about.water is not None)
    file.plant_sizes = json.dumps(about.plant_sizes)


def read_cop(path: FilePath) -> dict[str, Floats]:
    """Read the COP that `write_cop` wrote.

    Returns
    -------
    dict of str to ndarray, shape (T,)
        COP by heat pump [-].

    Raises
    ------
    ArtefactError
        If the file is missing, damaged, or holds values that are no COP.
    """
    nodes, arrays, _ = _read(path, ("cop",))
    return dict(zip(nodes, arrays["cop"], strict=True))


def read_linearisation(path: FilePath) -> Linearisation:
    """Read the incumbent that `write_cop` wrote.

    Raises
    ------
    ArtefactError
        If the file is missing, damaged, or holds COP alone.
    """
    nodes, arrays, attributes = _read(path, ("cop", *_FIELDS))
    water = None
    if attributes.get("loop"):
        _, found, _ = _read(path, ("cop", *(f"water_{name}" for name in _WATER)))
        water = Water(**{name: found[f"water_{name}"] for name in _WATER})
    try:
        values: dict[str, Any] = {name: float(attributes[name]) for name in _ATTRIBUTES}
        iteration = int(attributes["incumbent_iteration"])
        values["plant_sizes"] = json.loads(attributes["plant_sizes"])
        return Linearisation(nodes=nodes, iteration=iteration, **(values | arrays), water=water)
    except KeyError as missing:
        raise ArtefactError(f"{path}: lacks {missing}") from missing


def handed_over(
    data: ModelData, ring: RingConfig, coupling: CouplingConfig, path: FilePath | None
) -> Linearisation:
    """Read what an iteration is computed about: the incumbent of an SLP, else COP alone.

    Parameters
    ----------
    data : ModelData
        The model.
    ring, coupling : RingConfig, CouplingConfig
        Settings.
    path : path-like, optional
        What the iteration before handed over; by default the COP of the model.

    Raises
    ------
    ArtefactError
        If the file is missing or damaged.
    """
    nodes = heat_pumps(ring, data)
    if path is None:
        return with_cop(ring, nodes, start_cop(data, nodes))
    if coupling.method == "slp":
        return read_linearisation(path)
    cop = read_cop(path)
    return with_cop(ring, nodes, np.array([cop[node] for node in nodes]))


def _read(
    path: FilePath, names: tuple[str, ...]
) -> tuple[tuple[str, ...], dict[str, Floats], dict[str, Any]]:
    import netCDF4

    try:
        with netCDF4.Dataset(str(path)) as file:
            count = len(file.dimensions["node"])
            nodes = tuple(str(name) for name in file["node"][:]) if count else ()
            arrays = {n: np.ma.filled(file[n][:], np.nan).astype(float) for n in names}
            attributes = {name: file.getncattr(name) for name in file.ncattrs()}
    except (OSError, IndexError, KeyError, RuntimeError) as fault:
        raise ArtefactError(f"{path}: no COP series can be read ({fault})") from fault
    if not np.isfinite(arrays["cop"]).all() or (arrays["cop"] <= 0).any():
        raise ArtefactError(f"{path}: a COP is not a positive number")
    return nodes, arrays, attributes
