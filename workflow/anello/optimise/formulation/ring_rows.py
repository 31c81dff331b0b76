"""What the programme needs to know of the ring, in plain numbers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from anello.optimise.formulation.expression import Array, IntArray

MEAN_WATER = "mean"
"""Name of the water of a ring as a whole."""

BEYOND_EUR_PER_KWH = 0.4
"""Penalty of heat that the ring lacks or holds beyond its bounds: dearer than to move it."""

PER_K = "ring_output_per_k"
PER_KWH = "ring_output_per_kwh"
PER_TANK_KWH = "ring_output_per_kwh_of_size"
OUTPUT_BY_SIZE = "ring_output_by_size"
POINT_AWAY = "ring_size_point_away"
SIZE_PER_REACH = "ring_size_per_reach"
EXCHANGE_PER_K = "ring_exchange_kw_per_k"
EXCHANGE_PER_RISE = "ring_exchange_kw_per_k_risen"
EXCHANGE_PER_SIZE = "ring_exchange_kw_per_size"
EXCHANGE_PER_CHOICE = "ring_exchange_kw_per_choice"
SIZE_REACH_KW = "ring_size_reach_kw"
EXCHANGE_PER_SHIFT = "ring_exchange_kw_per_shift"
POWER_PER_KWH = "ring_power_per_kwh"
POWER_PER_K = "ring_power_per_k"
WAVE_KEEP = "ring_wave_keep"
WAVE_PER_KW = "ring_wave_per_kw"
WATER_PER_WAVE = "ring_water_per_wave"
WATER_PER_KW = "ring_water_per_kw"
UNSEEN_PER_KW = "ring_unseen_per_kw"
UNSEEN_PER_KWH = "ring_unseen_per_kwh"
SHIFT_PER_KWH = "ring_shift_per_kwh"
WAVE_PER_SHIFT = "ring_wave_per_shift"
WATER_PER_SHIFT = "ring_water_per_shift"
AT_START, AT_END = "start", "end"
"""When in a step the water is further than at the incumbent, as part of a label."""
_POINTS = 4
WAYS = tuple(
    f"{way}{'' if point == 0 else f'_{point}'}"
    for point in range(1 + _POINTS)
    for way in ("heated", "cooled")
)
"""What the plant of two pipes does to the water on balance: as much as at the incumbent, and more
and more of it."""
FIELD_PER_K = "ring_field_kw_per_k"
FIELD_PER_RISE = "ring_field_kw_per_k_risen"
FIELD_PER_MASS = "ring_field_kw_per_mass"
FIELD = "borefield"
"""Name of a borefield among the devices of the plant."""
ALWAYS = FIELD
"""Label of the numbers of a borefield that exchanges all the time."""


POINTS = {f"{away:+g}": away for away in (-1.2, -0.6, -0.2, 0.0, 0.2, 0.6, 1.2)}
"""Sizes that a size between two is weighed from, by how far each lies from the incumbent's, in its
trust region; the outermost lie beyond it, so that a limit is the size's own [-]."""

MARGIN_K = 0.01
"""How far within its bounds a programme keeps the water of a loop [K]."""


def pair(first: str, second: str) -> str:
    """Label of a number that belongs to two things, for patching."""
    return f"{first}|{second}"


@dataclass(frozen=True)
class Device:
    """One device of the balancing plant.

    Attributes
    ----------
    max_kw : float or ndarray, shape (T,)
        Largest heat flow [kW].
    electricity_kwh_per_kwh : float
        Electricity per kWh of heat [kWh/kWh].
    cost_eur_per_kwh : float
        Other cost per kWh of heat [€/kWh].
    sign : float
        +1 where it puts heat into the ring, −1 where it takes heat out.
    body_degc : ndarray, shape (T,), optional
        Temperature on the other side of an exchanger [°C].
    kw_per_k : float or ndarray, shape (T,)
        Conductance of an exchanger; infinite for a machine [kW/K].
    start_kwh_per_kwh : ndarray, shape (T,), optional
        Electricity of a machine, whose COP follows the water's temperature, in a ring that stays
        as it starts [kWh/kWh].
    sized : str
        Name of the device whose size is open, of which this is a way; empty where it is given. All
        numbers are then of the size described.
    reach_kw : ndarray, shape (T,), optional
        More than a device of the size described can ever move in a step [kW]; for an open size.
    """

    max_kw: float | Array
    electricity_kwh_per_kwh: float
    cost_eur_per_kwh: float
    sign: float = 1.0
    body_degc: Array | None = None
    kw_per_k: float | Array = float("inf")
    start_kwh_per_kwh: Array | None = None
    sized: str = ""
    reach_kw: Array | None = None

    @property
    def is_machine(self) -> bool:
        """Whether its electricity per heat follows from the water's temperature."""
        return self.start_kwh_per_kwh is not None

    @property
    def is_exchanger(self) -> bool:
        """Whether heat goes through it downhill only."""
        return bool(np.isfinite(self.kw_per_k).all())


@dataclass(frozen=True)
class LoopRows:
    """A loop as its mean temperature and waves along the water.

    Attributes
    ----------
    stations : tuple of str
        Substations, in order, then ends of branches; N of them.
    station_of : tuple of int
        Substation of each heat pump.
    plant_station : int
        Substation of the balancing plant.
    waves : tuple of str
        Wave amplitudes; K of them.
    field_station : int, optional
        Substation of a borefield.
    place_flow : tuple of float
        Flow at each substation by that of the loop [-].
    branch_kwh_per_k : tuple of float
        Heat capacity of the branch that leads to each substation; 0 for those of the loop, and
        empty where there are no others [kWh/K].
    flow_follows : bool
        Whether the flow follows the load.
    within_step : bool
        Whether the programme sees what substations do to one another's water within a step.
    """

    stations: tuple[str, ...]
    station_of: tuple[int, ...]
    plant_station: int
    waves: tuple[str, ...]
    field_station: int | None = None
    place_flow: tuple[float, ...] = ()
    branch_kwh_per_k: tuple[float, ...] = ()
    flow_follows: bool = False
    within_step: bool = False

    @property
    def used_stations(self) -> tuple[str, ...]:
        """Substations with a heat pump or the plant."""
        used = {*self.station_of, self.plant_station, self.field_station}
        return tuple(name for place, name in enumerate(self.stations) if place in used)

    @property
    def shifts(self) -> bool:
        """Whether the programme sees that water comes further as the load calls for more flow."""
        return self.flow_follows and bool(self.waves)

    @property
    def wave_numbers(self) -> int:
        """How many wave numbers there are; each has a cosine and a sine."""
        return len(self.waves) // 2


@dataclass(frozen=True)
class FieldRows:
    """A borefield as J thermal masses, each of which lowers the borehole wall.

    All numbers are of the field described; where its size s is open, a mass lowers the wall by 1/s
    of what it would there, as only 1/s of the boreholes share its heat.

    Attributes
    ----------
    masses : tuple of str
        Names of the masses whose course the programme follows: all J, or none. What they do is then
        that of the incumbent.
    ways : tuple of str
        Devices of the programme that stand for it: into the ring, and out of it.
    signs : tuple of float
        +1 where a way puts heat into the ring, −1 where it takes heat out.
    keep : ndarray, shape (J, T)
        What a step leaves of a mass's drop [-].
    drop_k_per_kw : ndarray, shape (J, T)
        Drop at a step's end by heat taken out in it [K/kW].
    undisturbed_degc : float
        Wall at rest [°C].
    kw_per_k : ndarray, shape (T,)
        Heat per kelvin between the idle wall at a step's end and the water that the field meets,
        at nominal flow [kW/K].
    fluid_kw_per_k : ndarray, shape (T,)
        The same between idle wall and entering fluid [kW/K].
    fluid_degc : (float, float)
        Limits of the entering fluid [°C].
    fluid_binds : bool
        Whether they lie within the ring's bounds. Where the ring is heated, the fluid that enters
        the boreholes is warmer than its water, and colder where it is cooled, so that water within
        its bounds keeps the fluid within wider ones.
    always : bool
        Whether the field exchanges all the time.
    station : int
        Its place on a loop.
    most_kw : float
        More heat than it can ever exchange [kW].
    carried : ndarray, shape (J, T), optional
        What each mass, as the run leaves it, still lowers the wall by at the end of each step of
        the horizon's last year, if every year is like this one; only where the fluid is kept within
        its limits then [-].
    beyond_eur_per_k : float
        Penalty of a kelvin beyond these limits [€/K].
    """

    masses: tuple[str, ...]
    ways: tuple[str, ...]
    signs: tuple[float, ...]
    keep: Array
    drop_k_per_kw: Array
    undisturbed_degc: float
    kw_per_k: Array
    fluid_kw_per_k: Array
    fluid_degc: tuple[float, float]
    fluid_binds: bool
    always: bool
    station: int
    most_kw: float
    carried: Array | None = None
    beyond_eur_per_k: float = 0.0

    @property
    def followed(self) -> bool:
        """Whether the programme follows the masses."""
        return bool(self.masses)


@dataclass(frozen=True)
class DoubletRows:
    """Wells that tire, in D blocks of a day.

    Attributes
    ----------
    ways : tuple of str
        Devices of the programme that stand for them: into the ring, and out of it.
    signs : tuple of float
        +1 where a way puts heat into the ring, −1 where it takes heat out.
    flow_kw_per_k : float
        Heat capacity flow between the wells [kW/K].
    block_of : ndarray of int, shape (T,)
        Block of each step.
    block_h : ndarray, shape (D,)
        Length of the blocks [h].
    weight : ndarray, shape (D, D)
        What each block's injection adds to the supply of each later block [-].
    """

    ways: tuple[str, ...]
    signs: tuple[float, ...]
    flow_kw_per_k: float
    block_of: IntArray
    block_h: Array
    weight: Array


@dataclass(frozen=True)
class OpenSize:
    """How large a part of the ring may be, as a share of the size described.

    Attributes
    ----------
    least, most : float
        Limits [-].
    eur : float
        What the described size costs in the time of the programme [€].
    one_of : tuple of float
        The sizes that there are; empty where all between the limits are allowed [-].
    eur_of : tuple of float
        What each of these costs in the time of the programme [€].
    """

    least: float
    most: float
    eur: float
    one_of: tuple[float, ...] = ()
    eur_of: tuple[float, ...] = ()

    @property
    def first(self) -> float:
        """Size before any is chosen: the described one, or the nearest that is allowed [-]."""
        if self.one_of:
            return min(self.one_of, key=lambda one: abs(one - 1.0))
        return min(max(1.0, self.least), self.most)

    @property
    def choices(self) -> tuple[str, ...]:
        """Names of the sizes that there are."""
        return tuple(f"{one:g}" for one in self.one_of)


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
    bounds_degc : (float, float)
        Temperatures that the water should keep within, where the programme schedules the plant
        [°C].
    capacity_kwh_per_k : float
        Heat capacity of the water [kWh/K].
    loss_kw_per_k : float
        Loss of the water to the ground [kW/K].
    field : FieldRows or None
        A borefield that the programme schedules.
    doublet : DoubletRows or None
        Wells that tire within the programme's time.
    sizes : dict of str to OpenSize
        Parts whose sizes the programme chooses: devices of the plant, exchangers for free cooling.
    free_cooling : tuple of str
        Which of these is the exchanger before each heat pump; empty for none, or a given size.
    sees_water : bool
        Whether the programme follows the water; else it knows of the ring only what stores do to
        COP, and water and plant are those of the incumbent.
    cyclic : bool
        Whether the water shall end as warm as it began.
    end_credit_eur_per_kwh : float
        Credit for heat that the water holds at the end and did not hold at the start [€/kWh].
    tank_largest_kwh : dict of str to float
        Largest size of each tank whose size is open, and that heat pumps follow [kWh].
    tank_most_kwh : dict of str to ndarray, shape (T,)
        Most that a tank may hold at the end of each step, so that none is a dump [kWh].
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
    devices: dict[str, Device] = dataclasses.field(default_factory=dict)
    electricity_location: str | None = None
    electricity_price_eur_per_kwh: float = 0.0
    loop: LoopRows | None = None
    bounds_degc: tuple[float, float] = (-float("inf"), float("inf"))
    capacity_kwh_per_k: float = 0.0
    loss_kw_per_k: float = 0.0
    field: FieldRows | None = None
    doublet: DoubletRows | None = None
    sizes: dict[str, OpenSize] = dataclasses.field(default_factory=dict)
    free_cooling: tuple[str, ...] = ()
    sees_water: bool = True
    cyclic: bool = False
    end_credit_eur_per_kwh: float = 0.0
    tank_most_kwh: dict[str, Array] = dataclasses.field(default_factory=dict)
    tank_largest_kwh: dict[str, float] = dataclasses.field(default_factory=dict)

    @property
    def size_choices(self) -> list[tuple[str, str]]:
        """Part and name of each size of a list."""
        return [(part, name) for part, size in self.sizes.items() for name in size.choices]

    @property
    def weighed(self) -> list[str]:
        """Exchangers for free cooling whose size is between two, and is weighed from points."""
        return [p for p, size in self.sizes.items() if p in self.free_cooling and not size.one_of]

    @property
    def size_points(self) -> list[tuple[str, str]]:
        """Part and name of each size that one of an exchanger is weighed from."""
        return [(part, name) for part in self.weighed for name in POINTS]

    @property
    def device_places(self) -> list[int]:
        """Place of each device on a loop; 0 where all water is alike."""
        ways = () if self.field is None else self.field.ways
        own = self.plant_water if self.field is None else self.field.station
        return [own if name in ways else self.plant_water for name in self.devices]

    @property
    def kept_within(self) -> tuple[str, ...]:
        """Places whose water the programme keeps within the bounds; none without a plant."""
        if not self.devices:
            return ()
        return (MEAN_WATER, *(() if self.loop is None else self.loop.used_stations))

    @property
    def margin_k(self) -> float:
        """How far within its bounds the programme keeps the water [K].

        The plant of a well-mixed ring holds its bounds; a loop's programme leaves things out.
        """
        return 0.0 if self.loop is None else MARGIN_K

    @property
    def limits_degc(self) -> tuple[Array, Array]:
        """Lowest and highest temperature of each place and step, shape (P, T) [°C]."""
        shape = (len(self.kept_within), self.step_h.size)
        low, high = (np.full(shape, bound) for bound in self.bounds_degc)
        if self.cyclic and shape[0]:
            low[0, -1] = self.initial_degc - self.margin_k
            high[0, -1] = self.initial_degc + self.margin_k
        return low, high

    @property
    def end_credit_eur_per_k(self) -> float:
        """Credit for a kelvin by which the water ends warmer than it began [€/K]."""
        return self.end_credit_eur_per_kwh * self.capacity_kwh_per_k

    @property
    def beyond_eur_per_k(self) -> Array:
        """Penalty of a kelvin beyond the bounds in one step, of each place, shape (P,) [€/K].

        It is of the heat that the water lacks or holds, and of what exchangers move because of it,
        which is most where there is little water: to be beyond the bounds must not pay. The mean
        has all of it, as it may be beyond alone: at the end of a run no water comes to a
        substation any more.
        """
        places = len(self.kept_within)
        all_eur = BEYOND_EUR_PER_KWH * (self.capacity_kwh_per_k + self.driven_kwh_per_k)
        prices = np.full(places, all_eur / max(places, 1))
        prices[:1] = all_eur
        return prices

    @property
    def driven_kwh_per_k(self) -> float:
        """Most that exchangers move more, one way, by a kelvin of well-mixed water [kWh/K].

        The plant of a loop, which leaves room around the bounds, needs none of it.
        """
        if self.loop is not None:
            return 0.0
        driven = {1.0: 0.0, -1.0: 0.0}
        for name in self.exchangers:
            device = self.devices[name]
            largest = self.sizes[device.sized].most if device.sized else 1.0
            driven[device.sign] += largest * float(np.max(device.kw_per_k * self.step_h))
        field = 0.0 if self.field is None else float(np.max(self.field.kw_per_k * self.step_h))
        field *= self.sizes[FIELD].most if FIELD in self.sizes else 1.0
        return max(driven.values()) + field

    @property
    def pays_for_pump(self) -> bool:
        """Whether a location's electricity balance carries the circulation pump of a loop."""
        return (
            self.loop is not None and bool(self.devices) and self.electricity_location is not None
        )

    @property
    def exchangers(self) -> tuple[str, ...]:
        """Devices whose heat is limited by the temperatures on both sides."""
        return tuple(name for name, device in self.devices.items() if device.is_exchanger)

    @property
    def machines(self) -> tuple[str, ...]:
        """Devices whose electricity follows from the water's temperature."""
        return tuple(name for name, device in self.devices.items() if device.is_machine)

    @property
    def plant_water(self) -> int:
        """Place of the water that passes the plant; 0 where all water is alike."""
        return 0 if self.loop is None else self.loop.plant_station
