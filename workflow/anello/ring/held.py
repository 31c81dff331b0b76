"""Whether the plant held the ring within its bounds, and if not, when, where and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

SLACK_K = 0.1
"""Beyond a bound by less than this is not worth telling [K]."""

DRAINED = 0.05
"""Heat that the water itself gives or takes is told from this share of the heat pumps' on [-]."""

DRAINED_ADVICE = (
    "Nobody pays for that: costs and savings of so short a run are no year's. Run a year, or set "
    "`ring.end: cyclic`."
)
"""What ends the text about drained water, whatever the numbers."""

STANDS_STILL = (
    "The central heat pump gives nothing then, whatever its size: below `coldest_source_degc` of "
    "its source it stands still."
)
"""What is said of a plant whose heat pump does nothing while the water is too cold."""


@dataclass(frozen=True)
class Unheld:
    """Water beyond the ring's bounds.

    Attributes
    ----------
    steps : int
        Instants at which some water is beyond a bound.
    degc, bound_degc : float
        The water that is furthest beyond, and the bound that it passed [°C].
    when : str
        The instant.
    where : str
        Its substation on a loop, its place and line of two pipes ("mean" for the mean of all
        water), else "".
    lacking_kw : float
        Most heat or cold that was missing in a step to keep the mean of the water where it had
        been; 0 where only single substations are beyond [kW].
    two_pipe : bool
        Whether the ring is two pipes.
    at_plant : bool
        Whether water at the plant of two pipes is beyond a bound as well; if not, the plant lacks
        nothing.
    stands_still : bool
        Whether a central heat pump gives nothing in the step that ends there, in which the water
        is too cold.
    """

    steps: int
    degc: float
    bound_degc: float
    when: str
    where: str
    lacking_kw: float
    two_pipe: bool = False
    at_plant: bool = False
    stands_still: bool = False

    @property
    def fact(self) -> str:
        """What happened, without the ways out."""
        where = f" at {self.where}" if self.where else ""
        return (
            f"The ring leaves its bounds in {self.steps:,} time steps: {self.degc:.1f} °C{where} "
            f"on {self.when}, where {self.bound_degc:g} °C is allowed."
        )

    def __str__(self) -> str:
        cold = self.degc < self.bound_degc
        lacking = (
            f" The plant lacks up to {self.lacking_kw:,.0f} kW of {'heat' if cold else 'cold'}."
            if self.lacking_kw > 0.5
            else ""
        )
        if self.two_pipe and not self.at_plant:
            return (
                f"{self.fact} The plant lacks nothing: its own water stays within them. Where "
                "little flows, water takes the temperature of the ground, and a substation still "
                "changes it by `ring.two_pipe.difference_k`. Three ways out: insulated pipes; a "
                "smaller difference; wider `ring.bounds_degc`."
            )
        device = "central_heat_pump`, `backup_heater" if cold else "chiller"
        if self.stands_still:
            lacking += f" {STANDS_STILL}"
            device = "backup_heater"
        water = "more water (`ring.water.mass_kg`)"
        if self.two_pipe:
            water = "a smaller `ring.two_pipe.difference_k`"
        elif self.where:
            water = "more or faster water (`ring.loop`: wider pipes, flow)"
        return (
            f"{self.fact}{lacking} Three ways out: a larger plant (`ring.plant.{device}`, wells, a "
            f"source); {water} or wider `ring.bounds_degc`; fewer loads on this ring."
        )


def end_of_ring(ring: xr.Dataset) -> dict[str, float] | None:
    """Return how a simulated ring ends; None where its file does not say.

    Parameters
    ----------
    ring : xarray.Dataset
        As `anello.ring.adapt.ring_dataset` makes it, with `end_cost_eur`.

    Returns
    -------
    dict of str to float, or None
        Mean water at start and end, `first_degc` and `last_degc`; what it holds more at the end,
        `held_kwh`; what that costs, `cost`, negative where it is credited.
    """
    if not {"capacity_kwh_per_k", "end_cost_eur"} <= set(ring.attrs):
        return None
    first, last = (float(ring["temperature_degc"].values[state]) for state in (0, -1))
    return {
        "first_degc": first,
        "last_degc": last,
        "held_kwh": float(ring.attrs["capacity_kwh_per_k"]) * (last - first),
        "cost": float(ring.attrs["end_cost_eur"]),
    }


def drained(ring: xr.Dataset) -> str | None:
    """Say that heat pumps lived on the water, which nobody pays for; None where they did not.

    Parameters
    ----------
    ring : xarray.Dataset
        As `anello.ring.adapt.ring_dataset` makes it, with `end_cost_eur`.
    """
    end = end_of_ring(ring)
    if end is None or end["cost"] or "q_ring_kw" not in ring:
        return None
    hours = ring.get("step_h", 1.0)
    kwh = float((np.abs(ring["q_ring_kw"].sum("node")) * hours).sum())
    held_kwh = end["held_kwh"]
    if abs(held_kwh) <= DRAINED * kwh:
        return None
    gives, colder = ("gives", "colder") if held_kwh < 0.0 else ("takes up", "warmer")
    change_k = abs(end["last_degc"] - end["first_degc"])
    return (
        f"The water itself {gives} {abs(held_kwh) / 1e3:,.1f} MWh beside {kwh / 1e3:,.1f} MWh of "
        f"the heat pumps, and ends {change_k:.1f} K {colder} than it began. {DRAINED_ADVICE}"
    )


def stands_still(ring: xr.Dataset, state: int) -> bool:
    """Whether a plant has a central heat pump that gives nothing in the step before a state.

    Parameters
    ----------
    ring : xarray.Dataset
        As `anello.ring.adapt.ring_dataset` makes it.
    state : int
        Which of the instants.
    """
    name = "central_heat_pump"
    if state == 0 or "e_bal" not in ring or name not in ring["device"].values:
        return False
    at = {"timestep": state - 1}
    # A machine that there is takes electricity for its heat; one of no size has no price.
    there = float(ring["e_bal"].sel(device=name).isel(at)) > 0.0
    return there and float(ring["q_bal_kw"].sel(device=name).isel(at)) == 0.0


def unheld(ring: xr.Dataset) -> Unheld | None:
    """Return what a simulated ring's plant did not hold; None where it held all.

    Parameters
    ----------
    ring : xarray.Dataset
        As `anello.ring.adapt.ring_dataset` makes it.
    """
    low, high = (float(bound) for bound in ring.attrs["bounds_degc"])
    mean = ring["temperature_degc"].values
    waters = mean[:, None]
    if "node_degc" in ring:
        waters = np.column_stack([ring["node_degc"].values, mean])
    beyond = np.maximum(waters - high, low - waters)
    out = beyond > SLACK_K
    if not out.any():
        return None
    state, place = np.unravel_index(int(beyond.argmax()), beyond.shape)
    names = [*map(str, ring["substation"].values), "mean"] if "node_degc" in ring else [""]
    degc = float(waters[state, place])
    # The plant is the first place of each of two lines.
    two_pipe = "branch_kg_s" in ring
    at_plant = two_pipe and bool(out[:, [0, len(names) // 2]].any())
    past = np.maximum(np.maximum(mean - high, low - mean), 0.0)
    grown_kw = float(ring.attrs["capacity_kwh_per_k"]) * np.diff(past) / ring["step_h"].values
    return Unheld(
        steps=int(out.any(axis=1).sum()),
        degc=degc,
        bound_degc=high if degc > high else low,
        when=str(ring["state"].values[state])[:16].replace("T", " "),
        where=names[place],
        lacking_kw=float(grown_kw.max(initial=0.0)),
        two_pipe=two_pipe,
        at_plant=at_plant,
        stands_still=degc < low and stands_still(ring, int(state)),
    )
