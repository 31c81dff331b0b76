"""The computations of a study: which settings each changes, and what it waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from anello.errors import ConfigError, InputError, Problem, did_you_mean
from anello.run.studies.assumptions import KNOWN, plant_location, scaled, usual
from anello.run.studies.config import Assumption, ParetoConfig, SensitivityConfig

SENSITIVITY, PARETO = "sensitivity", "pareto"
TIE_WEIGHT = 1e-4
"""Weight of money beside the class that is minimised: of equal emissions, the cheaper."""
_OBJECTIVE = "overrides.run.objective_options.cost_class"


@dataclass(frozen=True)
class Cap:
    """Which cap a point of the front has.

    Attributes
    ----------
    cost_class : str
        The class that is capped.
    step : float
        Where between the cheapest (0) and the lowest cap (1).
    lowest : float or None
        The lowest cap as a share of what the cheapest has; None where it was searched for.
    """

    cost_class: str
    step: float
    lowest: float | None


@dataclass(frozen=True)
class Case:
    """One computation of a study.

    Attributes
    ----------
    name : str
        Such as ``sensitivity~interest~low``.
    study, scenario : str
        The study, and the scenario whose settings are changed.
    values : mapping
        For each changed key, a dotted path as in a sweep, its value.
    about : mapping of str to str
        Text for the table: ``assumption`` and ``side``, or ``role``.
    start : str or None
        The case whose result it starts from.
    like : bool
        Whether its programme differs from that of `start` in numbers only, so that the ring too
        may start where that ended.
    ends : tuple of str
        The cases that its cap comes from.
    cap : Cap or None
        Its cap.
    """

    name: str
    study: str
    scenario: str
    values: Mapping[str, Any]
    about: Mapping[str, str]
    start: str | None = None
    like: bool = True
    ends: tuple[str, ...] = ()
    cap: Cap | None = None

    @property
    def starts(self) -> list[str]:
        """The case that it starts from, as a list of one or none."""
        return [] if self.start is None else [self.start]

    @property
    def needs(self) -> list[str]:
        """The cases that must be there before this one."""
        return list(dict.fromkeys((*self.starts, *self.ends)))

    def told(self) -> dict[str, Any]:
        """Return the case as plain values; :meth:`from_told` reads them."""
        return asdict(self)

    @classmethod
    def from_told(cls, content: Mapping[str, Any]) -> Self:
        """Return a case from what :meth:`told` gave."""
        cap = content["cap"]
        return cls(
            **{
                **content,
                "ends": tuple(content["ends"]),
                "cap": None if cap is None else Cap(**cap),
            }
        )


def sensitivity_cases(study: SensitivityConfig, settings: Mapping[str, Any]) -> list[Case]:
    """Return the cases of a sensitivity study: as it is, then each assumption low and high.

    Parameters
    ----------
    study : SensitivityConfig
        The study.
    settings : mapping
        The scenario's settings, as plain values.

    Raises
    ------
    ConfigError
        If an assumption is unknown, or the scenario does not have it.
    """
    vary = study.vary or {name: Assumption() for name in usual(settings)}
    problems: list[str | Problem] = []
    if not vary:
        problems.append(
            Problem(
                "is missing: what a model folder of your own assumes, only you can say",
                key="sensitivity.vary",
                suggestion="Name assumptions with their `keys`, `low` and `high`",
            )
        )
    base = f"{SENSITIVITY}~base"
    told = {"assumption": "", "side": "base", "setting": ""}
    cases = [Case(base, SENSITIVITY, study.scenario, {}, told)]
    for name, assumption in vary.items():
        try:
            sides = _sides(name, assumption, settings)
        except InputError as error:
            problems += error.problems
            continue
        for side, (values, text) in sides.items():
            about = {"assumption": name.replace("_", " "), "side": side, "setting": text}
            label = f"{SENSITIVITY}~{name.replace('_', '-')}~{side}"
            like = not assumption.keys
            cases.append(Case(label, SENSITIVITY, study.scenario, values, about, base, like))
    if problems:
        raise ConfigError(problems, summary="The sensitivity study is wrong")
    return cases


def _sides(
    name: str, assumption: Assumption, settings: Mapping[str, Any]
) -> dict[str, tuple[dict[str, Any], str]]:
    """Return the keys of either side of an assumption, with their values, and both in words."""
    if not assumption.keys and name not in KNOWN:
        hint = did_you_mean(name, KNOWN) or f"Known are {', '.join(f'`{n}`' for n in KNOWN)}."
        told = "is not an assumption that anello knows, and names no `keys`"
        raise InputError(Problem(told, key=f"sensitivity.vary.{name}", suggestion=hint))
    low, high = KNOWN.get(name, (0.0, 0.0))
    if assumption.low is not None and assumption.high is not None:
        low, high = assumption.low, assumption.high
    ends = {"low": low, "high": high}
    if assumption.keys:
        return {s: (dict.fromkeys(assumption.keys, v), f"{v:g}") for s, v in ends.items()}
    return {s: (scaled(name, f, settings), f"{f * 100:g} %") for s, f in ends.items()}


def pareto_cases(study: ParetoConfig, settings: Mapping[str, Any], money: str) -> list[Case]:
    """Return the cases of a front: the cheapest, the least of the class, and caps between.

    Each starts from its neighbour along the front: from the one below where the least is known,
    else from the one above.

    Parameters
    ----------
    study : ParetoConfig
        The study.
    settings : mapping
        The scenario's settings, as plain values.
    money : str
        The cost class that is money.

    Raises
    ------
    ConfigError
        If the class cannot be capped, or the ring's plant would escape the cap.
    """
    capped = study.cost_class
    problems: list[str | Problem] = []
    if capped == money:
        told = "is what the front is drawn against: another class has to be capped"
        problems.append(Problem(told, key="pareto.cost_class", value=capped))
    elif settings["data"]["source"] == "embedded" and capped != "co2":
        told = "is not a cost class of a generated district"
        hint = did_you_mean(capped, ("co2",)) or "A generated district has `co2`."
        problems.append(Problem(told, key="pareto.cost_class", value=capped, suggestion=hint))
    located: dict[str, Any] = {}
    try:
        located = plant_location(settings)
    except InputError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems, summary="The Pareto study is wrong")

    def case(label: str, role: str, **more: Any) -> Case:
        values = located | more.pop("values", {})
        return Case(f"{PARETO}~{label}", PARETO, study.scenario, values, {"role": role}, **more)

    cheapest = case("cheapest", "cheapest")
    cases, ends = [cheapest], [cheapest.name]
    if study.lowest is None:
        weights = {_OBJECTIVE: {capped: 1.0, money: TIE_WEIGHT}}
        cases.append(case("least", "least", values=weights, start=cheapest.name))
        ends.append(cases[-1].name)
    last = study.points - 1
    labels = [f"cap-{n:0{len(str(last))}d}" for n in range(1, study.points)]
    for number, label in enumerate(labels, start=1):
        if study.lowest is None:
            # From below: what has less than its cap allows is a start that the cap allows.
            start = "least" if number == last else labels[number]
        else:
            start = "cheapest" if number == 1 else labels[number - 2]
        cap = Cap(capped, number / last, study.lowest)
        more = {"start": f"{PARETO}~{start}", "ends": tuple(ends), "cap": cap}
        cases.append(case(label, "cap", **more))
    return cases
