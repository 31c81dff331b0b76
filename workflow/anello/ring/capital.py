"""What a ring's plant and pipes cost to build and to keep, by the sizes that its settings give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import Field

from anello.base.settings import NonNegative, Positive, Rate, Strict
from anello.base.year import HOURS_OF_A_YEAR
from anello.ring.borefield.g_function import borehole_count
from anello.ring.config import RingConfig
from anello.ring.exchanger_parts import exchangers, is_exchanger
from anello.ring.loop_config import PipeConfig


class PartCost(Strict):
    """What the parts of a kind cost over the years."""

    lifetime_years: Positive = Field(description="Lifetime [a].")
    maintenance_share_per_year: Rate = Field(
        default=0.0, description="Maintenance, share of what it costs to build [1/a]."
    )


class PowerCost(PartCost):
    """Of a device by its largest heat."""

    capital_eur_per_kw: NonNegative = Field(description="To build, per largest heat [€/kW].")


class WellsCost(PartCost):
    """Of wells by their largest flow."""

    capital_eur_per_kg_s: NonNegative = Field(
        description="To build, per largest flow, with pumps and exchanger [€/(kg/s)]."
    )


class BorefieldCost(PartCost):
    """Of a borefield by the length of its boreholes."""

    capital_eur_per_m: NonNegative = Field(description="To build, per metre of borehole [€/m].")


class PipesCost(PartCost):
    """Of pipes by length of trench and inner diameter d: c1 + c2 d per metre.

    The form of Persson and Werner (2011), doi:10.1016/j.apenergy.2010.09.020, whose prices are per
    metre of trench with the pair of pipes in it.
    """

    capital_eur_per_m: NonNegative = Field(description="Per metre of trench, c1 [€/m].")
    capital_eur_per_m2: NonNegative = Field(
        default=0.0, description="And per metre of a pipe's inner diameter, c2 [€/m²]."
    )


class ExchangerCost(PartCost):
    """Of exchangers for free cooling by their conductance."""

    capital_eur_per_kw_k: NonNegative = Field(
        description="To build, per kW/K of conductance, with pipes and controls [€/(kW/K)]."
    )


class SourceCost(PartCost):
    """Of a source of the ring as a whole."""

    capital_eur: NonNegative = Field(description="To build, connection included [€].")


class RingCosts(Strict):
    """What the ring itself costs to build and to keep; what has no price counts as missing.

    It decides sizes that are left open, and changes nothing of a search where all are given.
    """

    interest_rate: Rate = Field(default=0.05, description="Interest on capital [1/a].")
    wells: WellsCost | None = Field(default=None, description="The wells.")
    central_heat_pump: PowerCost | None = Field(default=None, description="The plant's heat pump.")
    backup_heater: PowerCost | None = Field(default=None, description="The backup heater.")
    dry_cooler: PowerCost | None = Field(default=None, description="The dry cooler.")
    chiller: PowerCost | None = Field(default=None, description="The ring's chiller.")
    sources: dict[str, SourceCost] = Field(
        default_factory=dict, description="Sources, by the names that `ring.plant.sources` has."
    )
    borefield: BorefieldCost | None = Field(default=None, description="The borefield.")
    free_cooling: ExchangerCost | None = Field(
        default=None, description="Exchangers for free cooling, before heat pumps."
    )
    pipes: PipesCost | None = Field(
        default=None,
        description=(
            "The trenches of a loop or of a two-pipe network, each paid once, for one pipe or the "
            "two of a branch; a well-mixed ring has none to be priced."
        ),
    )


@dataclass(frozen=True)
class PricedPart:
    """One part of a ring, with what it costs.

    Attributes
    ----------
    name : str
        Key of the part in `RingCosts`, or of the source; of an exchanger for free cooling,
        `<heat pump>.free_cooling`.
    build_eur : float
        To build [€].
    capital_eur, maintenance_eur : float
        Share of capital and of maintenance of the time that was modelled [€].
    """

    name: str
    build_eur: float
    capital_eur: float
    maintenance_eur: float


@dataclass(frozen=True)
class RingCapital:
    """What a ring costs, as far as it has prices.

    Attributes
    ----------
    parts : tuple of PricedPart
        Parts that there are, and that have prices.
    missing : tuple of str
        Parts that there are without a price; `pipes` too where the ring's are not described.
    """

    parts: tuple[PricedPart, ...]
    missing: tuple[str, ...]

    @property
    def build_eur(self) -> float:
        """What it costs to build [€]."""
        return sum(part.build_eur for part in self.parts)

    @property
    def capital_eur(self) -> float:
        """Capital of the time that was modelled [€]."""
        return sum(part.capital_eur for part in self.parts)

    @property
    def maintenance_eur(self) -> float:
        """Maintenance of the time that was modelled [€]."""
        return sum(part.maintenance_eur for part in self.parts)


def annuity(interest: float, years: float) -> float:
    """Return the yearly share of a sum lent at an interest and paid back over years [1/a].

    ``i (1 + i)^n / ((1 + i)^n - 1)``, and ``1/n`` without interest, as technologies have it.
    """
    if interest == 0.0:
        return 1.0 / years
    grown: float = (1.0 + interest) ** years
    return interest * grown / (grown - 1.0)


def ring_capital(ring: RingConfig, costs: RingCosts, hours: float) -> RingCapital:
    """Price the parts of a ring.

    Parameters
    ----------
    ring : RingConfig
        The ring, with the sizes of its parts.
    costs : RingCosts
        Prices.
    hours : float
        Time that was modelled [h]; capital and maintenance are of its share of a year.

    Returns
    -------
    RingCapital
        Parts of size zero are none.
    """
    share = hours / HOURS_OF_A_YEAR
    parts: list[PricedPart] = []
    missing: list[str] = []
    told = _told_eur(ring)
    for name, by_size_eur in _to_build(ring, costs):
        cost = cost_of(costs, name)
        build_eur = by_size_eur if by_size_eur is None else told.get(name, by_size_eur)
        if build_eur is None:
            missing.append(name)
            continue
        assert cost is not None
        yearly = annuity(costs.interest_rate, cost.lifetime_years)
        capital = build_eur * yearly * share
        maintenance = build_eur * cost.maintenance_share_per_year * share
        parts.append(PricedPart(name, build_eur, capital, maintenance))
    return RingCapital(tuple(parts), tuple(missing))


def cost_of(costs: RingCosts, name: str) -> PartCost | None:
    """Return what parts of a kind cost; None without a price.

    Parameters
    ----------
    costs : RingCosts
        Prices.
    name : str
        The part, see `PricedPart`.
    """
    if is_exchanger(name):
        return costs.free_cooling
    return costs.sources.get(name) or getattr(costs, name, None)


def _told_eur(ring: RingConfig) -> dict[str, float]:
    """Return what parts cost to build that have a price of their own [€]."""
    told: dict[str, float] = {}
    if ring.plant is not None:
        told |= {str(name): eur for name, eur in ring.plant.build_eur.items()}
    for name, exchanger in exchangers(ring).items():
        if exchanger.build_eur is not None:
            told[name] = exchanger.build_eur
    return told


def _to_build(ring: RingConfig, costs: RingCosts) -> Iterator[tuple[str, float | None]]:
    """Yield each part that there is, and what it costs to build; None without a price [€]."""
    plant = ring.plant if ring.mode == "physical" else None
    if plant is not None:
        for name in plant.sources:
            known = costs.sources.get(name)
            yield name, None if known is None else known.capital_eur
        flow, wells = plant.wells.max_flow_kg_s, costs.wells
        if flow:
            yield "wells", None if wells is None else wells.capital_eur_per_kg_s * flow
        for name, device, cost in (
            ("central_heat_pump", plant.central_heat_pump, costs.central_heat_pump),
            ("backup_heater", plant.backup_heater, costs.backup_heater),
            ("dry_cooler", plant.dry_cooler, costs.dry_cooler),
            ("chiller", plant.chiller, costs.chiller),
        ):
            if device.max_kw:
                yield name, None if cost is None else cost.capital_eur_per_kw * device.max_kw
        if plant.borefield is not None:
            metres = borehole_count(plant.borefield) * plant.borefield.depth_m
            metres *= plant.borefield.built_share
            bores = costs.borefield
            yield "borefield", None if bores is None else bores.capital_eur_per_m * metres
    for name, exchanger in exchangers(ring).items():
        ua, per_ua = exchanger.ua_kw_per_k, costs.free_cooling
        yield name, None if ua is None or per_ua is None else per_ua.capital_eur_per_kw_k * ua
    pipes = costs.pipes
    laid: list[PipeConfig] = []
    if ring.model == "loop" and ring.loop is not None:
        laid = [*ring.loop.segments, *ring.loop.branches]
    elif ring.model == "two_pipe" and ring.two_pipe is not None:
        laid = list(ring.two_pipe.branches)
    if not laid or pipes is None:
        yield "pipes", None
        return
    per_m = [
        pipe.length_m * (pipes.capital_eur_per_m + pipes.capital_eur_per_m2 * pipe.inner_diameter_m)
        for pipe in laid
    ]
    yield "pipes", float(sum(per_m))
