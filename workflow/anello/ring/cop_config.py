"""Settings of COP maps, of what heat pumps work against, and of their capacity."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from anello.base.settings import Fraction, NonNegative, Number, Positive, Strict
from anello.ring.fields import UseDegc
from anello.ring.size_config import SizeConfig

Service = Literal["heating", "cooling", "dhw"]
OutOfRange = Literal["error", "clip"]


class QuadraticCop(Strict):
    """COP = c0 − c1·lift + c2·lift², lift in K between ring and use temperature."""

    kind: Literal["quadratic"] = "quadratic"
    fit: Literal["air_source", "ground_source"] | None = Field(
        default=None,
        description=(
            "Published domestic fit, instead of coefficients: `air_source` 6.81/0.121/0.000630 or "
            "`ground_source` 8.77/0.150/0.000734 (Staffell et al. 2012, doi:10.1039/c2ee22653g). "
            "For a cooling service 1 is subtracted: the evaporator's heat is the condenser's less "
            "the electricity."
        ),
    )
    c0: Number | None = Field(default=None, description="COP at zero lift [-].")
    c1: Number | None = Field(default=None, description="Loss of COP per kelvin of lift [1/K].")
    c2: Number | None = Field(default=None, description="Curvature [1/K²].")
    valid_lift_k: tuple[Number, Number] | None = Field(
        default=None,
        description=(
            "Lowest and highest lift for which the fit holds [K]. Default: that of the named fit "
            "(15 to 60 K air source, 20 to 60 K ground source); needed with own coefficients."
        ),
    )
    source: str = Field(default="", description="Where own coefficients come from.")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        given = [c for c in (self.c0, self.c1, self.c2) if c is not None]
        if self.fit is not None and given:
            raise ValueError("give either `fit` or the coefficients c0, c1, c2, not both")
        if self.fit is None and len(given) != 3:
            raise ValueError("give `fit`, or all three coefficients c0, c1, c2")
        if self.fit is None and self.valid_lift_k is None:
            raise ValueError("own coefficients need `valid_lift_k`, the range in which they hold")
        if self.valid_lift_k is not None and self.valid_lift_k[0] >= self.valid_lift_k[1]:
            raise ValueError("`valid_lift_k` must be [low, high] with low < high")
        return self


class CarnotCop(Strict):
    """COP as a fixed share of the Carnot COP between condenser and evaporator."""

    kind: Literal["carnot"] = "carnot"
    fraction: Fraction = Field(
        default=0.45, description="Share of the Carnot COP that is reached [-]."
    )
    pinch_use_k: NonNegative = Field(
        default=3.0, description="Temperature difference of the heat exchanger on the use side [K]."
    )
    pinch_ring_k: NonNegative = Field(
        default=3.0,
        description="Temperature difference of the heat exchanger on the ring side [K].",
    )
    cop_max: Positive = Field(
        default=12.0,
        description="Cap on the COP near zero lift, where the Carnot COP has no bound [-].",
    )
    source: str = Field(default="", description="Where fraction and pinches come from.")


class TableCop(Strict):
    """Performance map from a CSV file, interpolated bilinearly, never extrapolated silently."""

    kind: Literal["table"] = "table"
    file: str = Field(
        description=(
            "CSV file: first column ring temperatures [°C], header row use temperatures [°C], "
            "both rising; cells are COP [-]. Relative paths start where the run is started."
        )
    )
    source: str = Field(default="", description="Where the table comes from.")


class CatalogueCop(Strict):
    """The map of a catalogue heat pump with a liquid source, from the library `hplib`."""

    kind: Literal["catalogue"] = "catalogue"
    model: str = Field(
        default="Generic",
        description="Name of the machine in the catalogue, or `Generic` for the mean of a group.",
    )
    group: Literal[
        "brine/water regulated",
        "water/water regulated",
        "brine/water on-off",
        "water/water on-off",
    ] = Field(default="water/water on-off", description="Group that `Generic` is the mean of.")
    source: str = Field(default="", description="Why this machine.")


class Iccep2019Cop(Strict):
    """The fits of the ICCEP 2019 study; only in `mode: iccep2019`."""

    kind: Literal["iccep2019"] = "iccep2019"


CopMap = Annotated[
    QuadraticCop | CarnotCop | TableCop | CatalogueCop | Iccep2019Cop, Field(discriminator="kind")
]


class FixedUse(Strict):
    """A constant temperature on the use side."""

    kind: Literal["fixed"] = "fixed"
    degc: UseDegc = Field(description="Use temperature [°C].")


class StoreUse(Strict):
    """Use temperature that follows the level of a thermal store at the same location."""

    kind: Literal["store"] = "store"
    store: str = Field(description="Storage technology at the heat pump's own location.")
    direction: Literal["hot", "cold"] = Field(
        default="hot", description="A hot store warms as it fills, a cold store cools as it fills."
    )
    t_min_degc: UseDegc | None = Field(
        default=None,
        description=(
            "Lowest temperature of the store [°C]: of an empty hot store; with the oddity "
            "`cold_store_warm_when_full` also of an empty cold store."
        ),
    )
    t_max_degc: UseDegc | None = Field(
        default=None,
        description="Temperature of an empty cold store, its highest [°C].",
    )
    kwh_per_k: Positive | None = Field(
        default=None, description="Heat capacity of the store, where its size is given [kWh/K]."
    )
    span_k: Positive | None = Field(
        default=None,
        description=(
            "Kelvins between empty and full, in place of `kwh_per_k`: the heat capacity then "
            "follows the store's `storage_cap`, which may be one that the search finds [K]."
        ),
    )
    kwh_per_k_by_location: dict[str, Positive] = Field(
        default_factory=dict,
        description="Heat capacity where it differs, by location [kWh/K].",
    )

    def beside(self, node: str) -> str:
        """Return the store `loc::tech` at the place of heat pump `node`."""
        return f"{node.partition('::')[0]}::{self.store}"

    @model_validator(mode="after")
    def _one_capacity(self) -> Self:
        if (self.kwh_per_k is None) is (self.span_k is None):
            raise ValueError(
                f"store `{self.store}`: give `kwh_per_k` (a heat capacity), or `span_k` (kelvins "
                "between empty and full), and not both"
            )
        if self.span_k is not None and self.kwh_per_k_by_location:
            raise ValueError(
                f"store `{self.store}`: with `span_k` the heat capacity follows from the store's "
                "size at each location; leave out `kwh_per_k_by_location`"
            )
        return self


UseTemperature = Annotated[FixedUse | StoreUse, Field(discriminator="kind")]


class CapacityLimit(Strict):
    """Thermal capacity that changes linearly with the ring temperature."""

    reference_degc: Number = Field(
        description="Ring temperature at which the nominal capacity holds [°C]."
    )
    slope_per_k: Number = Field(
        description="Relative change of capacity per kelvin of ring temperature [1/K]."
    )
    min_factor: NonNegative = Field(default=0.0, description="Lower bound of the factor [-].")
    max_factor: Positive = Field(default=1.5, description="Upper bound of the factor [-].")

    def factor(self, ring_degc: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the capacity relative to nominal at these ring temperatures [-]."""
        free = 1.0 + self.slope_per_k * (ring_degc - self.reference_degc)
        return np.clip(free, self.min_factor, self.max_factor)


class FreeCooling(Strict):
    """A heat exchanger between the cooled circuit and the ring, before the heat pump."""

    effectiveness: Fraction = Field(
        default=0.8,
        description=(
            "Share of the difference between the circuit's return and the ring by which the "
            "exchanger cools the circuit [-]. With equal flows on both sides it is NTU/(1 + NTU)."
        ),
    )
    spread_k: Positive = Field(
        default=5.0, description="By how much the cooled circuit comes back warmer [K]."
    )
    electricity_kwh_per_kwh: Positive = Field(
        default=0.02, description="Electricity of the exchanger's pump per heat [kWh/kWh]."
    )
    design_kw: Positive | None = Field(
        default=None,
        description=(
            "Load that the flows of circuit and ring are designed for, of all places that have "
            "these settings together [kW]. It says how large the exchanger is, UA = ε/(1 − ε) · "
            "load/spread, and so what it costs; without it there is no price. A description "
            "without it takes the sum of its locations' largest loads."
        ),
    )
    build_eur: NonNegative | None = Field(
        default=None,
        description="What it costs to build, where that is not its UA times `ring_costs` [€].",
    )
    size: SizeConfig | None = Field(
        default=None,
        description=(
            "Sizes that the search may choose with the dispatch (`coupling.method: slp`), as "
            "shares of the UA described; the size described unless said. Of a description, in the "
            "scenario `designed`, which leaves the size open unless `build_eur` is given."
        ),
    )

    @property
    def ua_kw_per_k(self) -> float | None:
        """Conductance; None where the load that it is designed for is not said [kW/K].

        Of counterflow with equal flows on both sides, whose effectiveness is ``NTU/(1 + NTU)``
        (Incropera et al., Fundamentals of Heat and Mass Transfer, table 11.3).
        """
        if self.design_kw is None:
            return None
        return self.effectiveness / (1.0 - self.effectiveness) * self.design_kw / self.spread_k

    def of_size(self, share: float) -> FreeCooling | None:
        """Return an exchanger with a share of this one's UA, or None for one of no size.

        Parameters
        ----------
        share : float
            Of the UA, at the same flows [-].
        """
        if not share:
            return None
        units = share * self.effectiveness / (1.0 - self.effectiveness)
        changes = {"effectiveness": units / (1.0 + units), "size": None}
        return self.model_copy(update=changes)

    @model_validator(mode="after")
    def _of_finite_size(self) -> Self:
        if self.design_kw is not None and self.effectiveness >= 1.0:
            raise ValueError(
                f"effectiveness {self.effectiveness:g} is that of an exchanger without end, which "
                "has no price; with `design_kw`, give less than 1"
            )
        if self.build_eur is not None and self.size is not None:
            raise ValueError(
                "`build_eur` is the price of a given size; the price of one that is chosen is "
                "`one_of_eur` or `eur_per_year` in `size`, or that of `ring_costs`"
            )
        return self


class HeatPumpConfig(Strict):
    """One heat pump technology between a service and the ring."""

    service: Service = Field(
        description="`heating` and `dhw` take heat from the ring, `cooling` rejects heat into it."
    )
    cop_map: CopMap = Field(description="COP as a function of ring and use temperature.")
    use_temperature: UseTemperature = Field(description="Temperature on the use side.")
    out_of_range: OutOfRange = Field(
        default="error",
        description=(
            "A running heat pump outside the range of its map or limits stops the run (`error`), "
            "or is evaluated at the range's edge, counted and reported (`clip`)."
        ),
    )
    min_source_degc: Number | None = Field(
        default=None,
        description=(
            "Lowest temperature on the evaporator's side [°C]: the ring for heating, the use "
            "temperature for cooling."
        ),
    )
    max_lift_k: Positive | None = Field(default=None, description="Largest temperature lift [K].")
    capacity: CapacityLimit | None = Field(
        default=None, description="Thermal capacity as a function of the ring temperature."
    )
    free_cooling: FreeCooling | None = Field(
        default=None,
        description=(
            "A heat exchanger that cools without a compressor as far as the ring is cold enough; "
            "only for the service `cooling`."
        ),
    )

    part_load: Annotated[list[tuple[Fraction, Positive]], Field(min_length=2)] | None = Field(
        default=None,
        description=(
            "COP by output: pairs of output relative to the installed capacity and COP relative to "
            "the map's, with rising outputs, the last one 1. Below the first output the machine "
            "runs and stands by turns [-]."
        ),
    )
    standby_kw: NonNegative = Field(
        default=0.0,
        description="Electricity of controls and crankcase heater while the machine stands [kW].",
    )

    @property
    def sigma(self) -> float:
        """Sign of the service's heat in the ring: −1 takes it out, +1 rejects it into the ring."""
        return 1.0 if self.service == "cooling" else -1.0

    @property
    def least_output(self) -> float:
        """Least stable output relative to the capacity; 1 for a machine that is on or off [-]."""
        return 1.0 if self.part_load is None else self.part_load[0][0]

    @model_validator(mode="after")
    def _possible_part_load(self) -> Self:
        if self.part_load is None:
            return self
        outputs = [output for output, _ in self.part_load]
        power = [output / cop for output, cop in self.part_load]
        if any(low >= high for low, high in pairwise(outputs)) or outputs[-1] != 1.0:
            raise ValueError("the outputs of `part_load` must rise, and end with 1")
        if any(low >= high for low, high in pairwise(power)):
            raise ValueError(
                "`part_load`: with more output the machine must take more electricity, which is "
                "output/COP"
            )
        if self.free_cooling is not None:
            raise ValueError(
                "`part_load` of a heat pump with `free_cooling` is not known: how its load is "
                "shared is; leave one of them out"
            )
        return self

    @model_validator(mode="after")
    def _catalogue_heats(self) -> Self:
        if isinstance(self.cop_map, CatalogueCop) and self.service == "cooling":
            raise ValueError(
                "`kind: catalogue` has heat pumps with a liquid source for heating and dhw only; "
                "give a cooling service another map"
            )
        return self

    @model_validator(mode="after")
    def _exchanger_of_known_size(self) -> Self:
        one = self.free_cooling
        if one is None or one.design_kw is not None:
            return self
        for name in ("build_eur", "size"):
            if getattr(one, name) is not None:
                raise ValueError(
                    f"`free_cooling.{name}` needs `free_cooling.design_kw`, the load that the "
                    "exchanger is designed for: without it nobody knows how large it is"
                )
        return self

    @model_validator(mode="after")
    def _only_cooling_is_free(self) -> Self:
        if self.free_cooling is not None and self.service != "cooling":
            raise ValueError("`free_cooling` needs `service: cooling`; a ring does not heat freely")
        return self
