"""Configuration of the ring: heat pumps, water loop, balancing plant, compatibility switches.

The models are strict: an unknown key, or a value of the wrong type, is refused. Every field says
what it is and in which unit; the reference page is generated from these descriptions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from anello.base.plausible import Remark
from anello.base.settings import Flag, NonNegative, Number, Positive, Strict
from anello.ring.cop_config import HeatPumpConfig, StoreUse
from anello.ring.fluid import (
    Medium,
    RingFluid,
    RingWater,
    Water,
    coldest_degc,
    liquid_fault,
    ring_medium,
    same_fluid,
)
from anello.ring.ground_config import FixedGround, Ground
from anello.ring.loop_config import LoopConfig
from anello.ring.plant_config import PlantConfig
from anello.ring.two_pipe_config import TwoPipeConfig
from anello.ring.velocity import loop_remarks, network_remarks, too_fast

MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
Mode = Literal["physical", "iccep2019"]


# --- ground, water, plant ---------------------------------------------------------------------


class WaterConfig(Strict):
    """Water content of the well-mixed ring."""

    mass_kg: Positive = Field(default=3.0e6, description="Mass of water in the ring [kg].")
    extra_heat_capacity_kwh_per_k: NonNegative = Field(
        default=0.0, description="Capacity that follows the water: pipe walls, tanks [kWh/K]."
    )


class LossConfig(Strict):
    """Heat exchange of the well-mixed ring with the ground."""

    ua_kw_per_k: NonNegative = Field(
        default=0.0, description="Heat loss coefficient of the ring [kW/K]."
    )
    ground: Ground = Field(
        default_factory=FixedGround, description="Undisturbed ground temperature."
    )


class EndCredit(Strict):
    """A price for the heat that the ring holds at the end of a run."""

    credit_eur_per_kwh: Number = Field(
        description=(
            "Credit per kWh of heat that the ring holds at the end beyond what it held at the "
            "start; what it then lacks is charged. Negative where warmth is a burden [€/kWh]."
        )
    )


# --- switches ---------------------------------------------------------------------------------


A_YEAR_H = 8700.0
"""From here on a run counts as a year [h]."""


class OddityConfig(Strict):
    """Oddities of the ICCEP 2019 study; without a value each follows the mode."""

    cooling_cop_rises_with_ring: Flag | None = Field(
        default=None,
        description=(
            "Cooling COP takes use minus ring temperature as its lift, the wrong way round."
        ),
    )
    cold_store_warm_when_full: Flag | None = Field(
        default=None, description="A cold store's temperature rises from `t_min_degc` as it fills."
    )
    one_store_capacity_for_all: Flag | None = Field(
        default=None,
        description="`kwh_per_k_by_location` is ignored: all locations use `kwh_per_k`.",
    )
    store_temperature_of_iteration_zero: Flag | None = Field(
        default=None, description="Every iteration uses the store temperatures of iteration 0."
    )
    reset_at_bounds: Flag | None = Field(
        default=None,
        description=(
            "A ring that leaves its bounds is set back to its initial temperature, free of charge; "
            "there is no balancing plant."
        ),
    )
    ring_heat_from_dispatch_cop: Flag | None = Field(
        default=None,
        description="Ring heat is computed with the COP the dispatch used, not the simulated one.",
    )
    baseline_ring_constant: Flag | None = Field(
        default=None,
        description=(
            "Without any store the ring is not simulated: it stays at its initial temperature."
        ),
    )
    eleven_iterations_at_least: Flag | None = Field(
        default=None,
        description="The loop runs at least 11 times, and stops on the mean relative change.",
    )
    iteration_zero_heat_from_start_cop: Flag | None = Field(
        default=None,
        description=(
            "Ring heat of iteration 0 takes the start COP even when its dispatch used another. "
            "Off in both modes unless set: anello starts both from the start COP."
        ),
    )

    def active(self, mode: Mode) -> frozenset[str]:
        """Return the names of the switches that are on in this mode."""
        follows_mode = set(type(self).model_fields) - {"iteration_zero_heat_from_start_cop"}
        chosen = {
            name: getattr(self, name)
            if getattr(self, name) is not None
            else (mode == "iccep2019" and name in follows_mode)
            for name in type(self).model_fields
        }
        return frozenset(name for name, on in chosen.items() if on)


# --- the whole ring -----------------------------------------------------------------------------


class RingConfig(Strict):
    """The ring and everything that exchanges heat with it."""

    mode: Mode = Field(
        default="physical",
        description=(
            "`physical`: energy is conserved and balanced by the plant; `iccep2019`: the original "
            "study's recipe with its oddities."
        ),
    )
    model: Literal["mixed", "loop", "two_pipe"] = Field(
        default="mixed",
        description=(
            "Well-mixed ring, a loop of pipes with transport delay, or a tree of two pipes, warm "
            "and cold, whose plant no programme schedules."
        ),
    )
    heat_pumps: dict[str, HeatPumpConfig] = Field(
        description=(
            "Heat pumps by technology, or by `location::technology` for one place; the longer key "
            "wins."
        )
    )
    initial_degc: Number = Field(default=15.0, description="Ring temperature at the start [°C].")
    bounds_degc: tuple[Number, Number] = Field(
        default=(10.0, 20.0), description="Lowest and highest allowed ring temperature [°C]."
    )
    outside_bounds: Literal["report", "error"] = Field(
        default="report",
        description="What happens when the plant cannot hold the bounds: count it, or stop.",
    )
    end: Literal["cyclic", "free"] | EndCredit | None = Field(
        default=None,
        description=(
            "How a run ends, so that no optimum lives on drained water. `cyclic`: a programme that "
            "schedules the plant leaves the ring as warm as it found it; `free`: as warm as it "
            "likes; or a price for what the ring then holds. `cyclic` over a year or more, else "
            "`free`, unless said."
        ),
    )
    fluid: RingFluid = Field(
        default_factory=RingWater,
        description=(
            "What the ring is filled with; it stays 3 K above its freezing point, so that a ring "
            "near or below 0 °C needs glycol."
        ),
    )
    dumping_season: tuple[MonthDay, MonthDay] | None = Field(
        default=None,
        description=(
            "Days of the year, `MM-DD` to `MM-DD`, in which heat pumps may fill tanks with what no "
            "load takes, so that the tanks' losses cool or warm the ring; never unless said."
        ),
    )
    water: WaterConfig = Field(
        default_factory=WaterConfig, description="Water content of the well-mixed ring."
    )
    loss: LossConfig = Field(
        default_factory=LossConfig, description="Ground loss of the well-mixed ring."
    )
    plant: PlantConfig | None = Field(
        default_factory=PlantConfig, description="Balancing plant; null for none."
    )
    loop: LoopConfig | None = Field(default=None, description="The loop, when `model: loop`.")
    two_pipe: TwoPipeConfig | None = Field(
        default=None, description="The two-pipe network, when `model: two_pipe`."
    )
    oddities: OddityConfig = Field(
        default_factory=OddityConfig, description="Switches of the compatibility mode."
    )
    audit_tolerance: Positive = Field(
        default=1e-6,
        description="Largest energy imbalance of a run, relative to its throughput [-].",
    )

    def ends_as_it_began(self, hours: float) -> bool:
        """Whether the programme shall leave the water as warm as it found it, over these hours."""
        return hours >= A_YEAR_H if self.end is None else self.end == "cyclic"

    def in_dumping_season(self, times: NDArray[np.datetime64]) -> NDArray[np.bool_]:
        """Whether tanks may be filled with what no load takes, at each of the times."""
        if self.dumping_season is None:
            return np.zeros(times.size, dtype=bool)
        first, last = self.dumping_season
        days = np.array([str(time)[5:10] for time in times.astype("datetime64[D]")])
        after, before = days >= first, days <= last
        return np.asarray(after & before if first <= last else after | before, dtype=bool)

    @property
    def end_credit_eur_per_kwh(self) -> float:
        """Credit for heat that the ring holds at the end and did not hold at the start [€/kWh]."""
        return self.end.credit_eur_per_kwh if isinstance(self.end, EndCredit) else 0.0

    @property
    def medium(self) -> Medium:
        """What flows in the ring, in numbers."""
        return ring_medium(self.fluid, self.bounds_degc)

    @property
    def mixed_kwh_per_k(self) -> float:
        """Heat capacity of the well-mixed ring [kWh/K]."""
        water = self.water.mass_kg * self.medium.kj_per_kgk / 3600.0
        return water + self.water.extra_heat_capacity_kwh_per_k

    @property
    def active_oddities(self) -> frozenset[str]:
        """Names of the oddities that are on."""
        return self.oddities.active(self.mode)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        low, high = self.bounds_degc
        if not low < high:
            raise ValueError("`bounds_degc` must be [low, high] with low < high")
        if not low <= self.initial_degc <= high:
            raise ValueError("`initial_degc` lies outside `bounds_degc`")
        if self.model == "loop" and self.loop is None:
            raise ValueError("`model: loop` needs the section `loop`")
        self._require_two_pipe()
        self._require_field_on_loop()
        self._require_liquid()
        if self.model == "loop" and self.loop is not None:
            fault = too_fast(self.loop, self.medium.density_kg_per_m3)
            if fault is not None:
                raise ValueError(fault)
        active = self.active_oddities
        if self.model != "mixed" and active & {"reset_at_bounds", "ring_heat_from_dispatch_cop"}:
            raise ValueError(
                f"`model: {self.model}` knows neither resets nor heat from the dispatch's COP"
            )
        for key, pump in self.heat_pumps.items():
            if pump.cop_map.kind == "iccep2019" and self.mode != "iccep2019":
                raise ValueError(
                    f"heat pump `{key}`: the original study's fits exist only in `mode: iccep2019`"
                )
            if pump.free_cooling is not None and self.mode == "iccep2019":
                raise ValueError(
                    f"heat pump `{key}`: the original study knows no `free_cooling`; leave it out, "
                    "or use `mode: physical`"
                )
            if (pump.part_load or pump.standby_kw) and self.mode == "iccep2019":
                raise ValueError(
                    f"heat pump `{key}`: the original study knows neither `part_load` nor "
                    "`standby_kw`; leave them out, or use `mode: physical`"
                )
            use = pump.use_temperature
            if isinstance(use, StoreUse):
                reversed_ = use.direction == "cold" and "cold_store_warm_when_full" not in active
                needed = "t_max_degc" if reversed_ else "t_min_degc"
                if getattr(use, needed) is None:
                    raise ValueError(f"heat pump `{key}`: its store needs `{needed}`")
        return self

    def _require_liquid(self) -> None:
        fault = liquid_fault(self.fluid, "bounds_degc", *self.bounds_degc)
        if self.model == "two_pipe" and self.two_pipe is not None and fault is None:
            warm = self.two_pipe.start_warm_degc(self.initial_degc)
            cold = warm - self.two_pipe.difference_k
            fault = liquid_fault(self.fluid, "two_pipe.warm_degc - difference_k", cold, warm)
        if fault is not None:
            raise ValueError(fault)
        if self.plant is None:
            return
        if self.bounds_degc[0] < coldest_degc(Water()):
            for name, source in self.plant.sources.items():
                if source.kind == "air" and source.ways != "cooling":
                    raise ValueError(
                        f"source `{name}`: a coil that warms a ring of less than 3 °C grows frost, "
                        "which is not simulated; set `ways: cooling`, or raise `bounds_degc`"
                    )
        field = self.plant.borefield
        if field is None or field.effectiveness < 1.0:
            return
        if not same_fluid(field.fluid, self.fluid):
            raise ValueError(
                "`plant.borefield.effectiveness: 1` lets the ring's own fluid flow through the "
                "boreholes; give `plant.borefield.fluid` the same as `fluid`"
            )

    def _require_field_on_loop(self) -> None:
        field = self.plant.borefield if self.plant is not None else None
        if self.model != "loop" or self.loop is None or field is None or field.substation is None:
            return
        names = [station.name for station in self.loop.substations]
        if field.substation in names:
            return
        ends = [branch.end for branch in self.loop.branches]
        what = "is the end of a branch" if field.substation in ends else "is none of the loop's"
        raise ValueError(
            f"plant.borefield.substation: `{field.substation}` {what}, and boreholes lie at a "
            f"substation of the loop: {', '.join(names)}"
        )

    def _require_two_pipe(self) -> None:
        if self.model != "two_pipe":
            return
        if self.two_pipe is None:
            raise ValueError("`model: two_pipe` needs the section `two_pipe`")
        if self.plant is not None and self.plant.control != "deadband":
            raise ValueError(
                f"`plant.control: {self.plant.control}` has no meaning with `model: two_pipe`, "
                "whose plant brings the lines to their temperatures; leave it out"
            )
        field = None if self.plant is None else self.plant.borefield
        if field is not None and field.substation is not None:
            raise ValueError(
                f"`plant.borefield.substation: {field.substation}` has no meaning with `model: "
                "two_pipe`, whose boreholes lie at the plant; leave it out"
            )

    def remarks(self) -> Iterator[Remark]:
        """Yield what is unusual of the ring's pipes together."""
        if self.model == "loop" and self.loop is not None:
            for remark in loop_remarks(self.loop, self.medium.density_kg_per_m3):
                yield replace(remark, keys=("loop", *remark.keys))
        if self.model == "two_pipe" and self.two_pipe is not None:
            for remark in network_remarks(self.two_pipe):
                yield replace(remark, keys=("two_pipe", *remark.keys))

    def heat_pump(self, node: str) -> HeatPumpConfig | None:
        """Return the settings of heat pump `loc::tech`, or None if it is not one of the ring's."""
        if node in self.heat_pumps:
            return self.heat_pumps[node]
        return self.heat_pumps.get(node.partition("::")[2])

    def store_of(self, node: str) -> str | None:
        """Return the store whose level heat pump `loc::tech` follows, at its place; None for none.

        Parameters
        ----------
        node : str
            The heat pump.
        """
        pump = self.heat_pump(node)
        if pump is None or not isinstance(pump.use_temperature, StoreUse):
            return None
        return pump.use_temperature.beside(node)

    def sigma(self, nodes: Sequence[str]) -> NDArray[np.float64]:
        """Return the sign of each heat pump's heat in the ring, see `HeatPumpConfig`, shape (H,).

        Parameters
        ----------
        nodes : sequence of str
            The ring's heat pumps, `location::technology`.
        """
        signs = np.empty(len(nodes))
        for row, node in enumerate(nodes):
            pump = self.heat_pump(node)
            assert pump is not None
            signs[row] = pump.sigma
        return signs
