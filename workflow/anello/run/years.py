"""Years, or scenarios of prices, for which a scenario's sizes are found together.

Each year is run as a scenario of its own, named after both; only the search for sizes is common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from anello.base.settings import Number, Strict
from anello.base.yaml_lines import locate
from anello.coupling.years import weight_faults
from anello.errors import Problem


class YearDefinition(Strict):
    """What a year changes; everything it leaves out is as in its scenario."""

    weight: Number = Field(
        description="Probability of the year; those of all years add up to 1 [-]."
    )
    description: str = Field("", description="For readers of the results.")
    overrides: dict[str, Any] = Field(
        default_factory=dict,
        description="Laid over those of the scenario: prices, or other days.",
    )
    data: dict[str, Any] = Field(
        default_factory=dict,
        description="Laid over the scenario's section `data`: `changes` of the weather, another "
        "model.",
    )


Years = Annotated[
    dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")], YearDefinition],
    Field(
        default_factory=dict,
        description="Weather years, or scenarios of prices, for which one set of sizes is found: "
        "for each its `weight` and what differs in it. The results have a scenario for each, "
        "named `<scenario>-<year>`.",
    ),
]


class YearOfScenario(Strict):
    """Which year of a scenario this is."""

    scenario: str = Field(description="The scenario whose sizes are found.")
    year: str = Field(description="Name of the year.")
    weights: dict[str, float] = Field(description="Probability of each of its years [-].")


def name_of_year(scenario: str, year: str) -> str:
    """Return what a year of a scenario is called among the scenarios of a run."""
    return f"{scenario}-{year}"


def year_called(
    name: str, years: Mapping[str, Mapping[str, YearDefinition]]
) -> tuple[str, str] | None:
    """Return the scenario and the year that a name stands for; None where it is neither.

    Parameters
    ----------
    name : str
        What might be a year of a scenario.
    years : mapping of str to mapping
        The years of each scenario that is defined.
    """
    if name in years:
        return None
    named = {name_of_year(one, year): (one, year) for one, told in years.items() for year in told}
    return named.get(name)


def year_faults(
    years: Mapping[str, Mapping[str, YearDefinition]],
    methods: Mapping[str, str],
    studied: Mapping[str, Sequence[str]],
    files: Sequence[str | Path],
) -> list[Problem]:
    """Return what is wrong with the years of all scenarios, and where.

    Parameters
    ----------
    years : mapping of str to mapping
        The years of each scenario that is defined.
    methods : mapping of str to str
        Its `coupling.method`.
    studied : mapping of str to sequence of str
        Which scenarios a sweep or a study is about.
    files : sequence of path-like
        The files that the settings came from.
    """
    found: list[Problem] = []
    called: dict[str, tuple[str, str]] = {}

    def tell(loc: tuple[str, ...], message: str, value: object, hint: str) -> None:
        found.append(Problem(message, *locate(files, loc), ".".join(loc), value, hint))

    for name, told in years.items():
        if not told:
            continue
        at = ("scenario_definitions", name, "years")
        weights = {year: one.weight for year, one in told.items()}
        for fault in weight_faults(weights):
            message, _, hint = fault.partition(": ")
            tell(at, message, weights, hint[:1].upper() + hint[1:])
        for year in told:
            other = name_of_year(name, year)
            if other in years:
                tell(
                    (*at, year),
                    f"would be called `{other}` in the results, as a scenario is already",
                    year,
                    "Rename one of them",
                )
            earlier = called.setdefault(other, (name, year))
            if earlier != (name, year):
                tell(
                    (*at, year),
                    f"would be called `{other}` in the results, as the year `{earlier[1]}` of"
                    f" `{earlier[0]}` is already",
                    year,
                    "Rename one of them",
                )
        if methods[name] == "fixed_point":
            tell(
                at,
                "sizes for several years are found by a programme that sees the ring, or without"
                " one",
                f"coupling.method: {methods[name]}",
                "Use `coupling.method: slp`, or leave `years` out",
            )
        for study in (study for study, names in studied.items() if name in names):
            tell(
                at,
                f"a scenario with years cannot be the subject of `{study}`, which computes each"
                " case alone",
                name,
                "Leave `years` out there, or study another scenario",
            )
    return found
