"""What the programme needs to know of the ring, in plain numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

from anello.optimise.formulation.expression import Array

MIXED_WATER = "ring"


# Devices of the plant in the programme, with the sign of the heat they put into the ring.
DEVICES = {"wells_heating": 1.0, "wells_cooling": -1.0, "backup_heater": 1.0, "dry_cooler": -1.0}


@dataclass(frozen=True)
class Device:
    """One device of the balancing plant.

    Attributes
    ----------
    max_kw : float
        Largest heat flow [kW].
    electricity_kwh_per_kwh : float
        Electricity per kWh of heat [kWh/kWh].
    cost_eur_per_kwh : float
        Other cost per kWh of heat [€/kWh].
    """

    max_kw: float
    electricity_kwh_per_kwh: float
    cost_eur_per_kwh: float


@dataclass(frozen=True)
class LoopRows:
    """A loop as its mean temperature and waves along the water.

    Attributes
    ----------
    stations : tuple of str
        Substations, in order; N of them.
    station_of : tuple of int
        Substation of each heat pump.
    plant_station : int
        Substation of the balancing plant.
    plant_waters : tuple of str
        Water that passes the plant: the coldest, the warmest, and samples of it.
    waves : tuple of str
        Wave amplitudes; K of them.
    """

    stations: tuple[str, ...]
    station_of: tuple[int, ...]
    plant_station: int
    plant_waters: tuple[str, ...]
    waves: tuple[str, ...]

    @property
    def wave_numbers(self) -> int:
        """How many wave numbers there are; each has a cosine and a sine."""
        return len(self.waves) // 2

    @property
    def places(self) -> tuple[str, ...]:
        """Where the programme knows the water: at each substation, and what passes the plant."""
        return (*self.stations, *self.plant_waters)


@dataclass(frozen=True)
class RingRows:
    """What the programme needs to know of the ring, in plain numbers.

    Attributes
    ----------
    heat_pumps : tuple of str
        Nodes of the H heat pumps.
    sigma : tuple of float
        −1 where a heat pump takes heat from the ring (heating), +1 where it rejects heat (cooling).
    stores : tuple of str
        Node of the store whose level sets each heat pump's use temperature; empty for none.
    capacity_kw : ndarray, shape (H,)
        Nominal capacity of each heat pump, the largest where it is still to be chosen [kW].
    step_h : ndarray, shape (T,)
        Length of the time steps [h].
    phi, psi, gain_degc : ndarray, shape (T,)
        ``T_end = φ·T_start + gain + ψ·Q`` with Q in kW.
    initial_degc : float
        Ring temperature at the start [°C].
    devices : dict of str to Device
        Devices that the programme schedules; empty when their heat is given.
    electricity_location : str or None
        Location whose electricity balance carries the plant.
    electricity_price_eur_per_kwh : float
        Price of the plant's electricity without a location [€/kWh].
    loop : LoopRows or None
        Where heat pumps and plant are along a loop; None for well-mixed water.
    """

    heat_pumps: tuple[str, ...]
    sigma: tuple[float, ...]
    stores: tuple[str, ...]
    capacity_kw: Array
    step_h: Array
    phi: Array
    psi: Array
    gain_degc: Array
    initial_degc: float
    devices: dict[str, Device] = field(default_factory=dict)
    electricity_location: str | None = None
    electricity_price_eur_per_kwh: float = 0.0
    loop: LoopRows | None = None

    @property
    def pays_for_pump(self) -> bool:
        """Whether a location's electricity balance carries the circulation pump of a loop."""
        return (
            self.loop is not None and bool(self.devices) and self.electricity_location is not None
        )

    def well_waters(self, device: str) -> dict[str, int]:
        """Water that limits the heat of wells, with its place; in a loop the extreme and samples.

        Wells must be warmer than the warmest water that they heat. Which water that is can change
        with the dispatch: the samples keep a programme from warming what was not the warmest.
        """
        if self.loop is None:
            return {MIXED_WATER: 0}
        places, (coldest, warmest, *samples) = self.loop.places, self.loop.plant_waters
        extreme = warmest if DEVICES[device] > 0 else coldest
        return {water: places.index(water) for water in (extreme, *samples)}
