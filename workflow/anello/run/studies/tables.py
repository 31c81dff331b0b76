"""The tables of studies: a row per case, with its cost against that of the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from anello.run.studies.cases import Case
from anello.run.sweep.record import PointRecord

UNMET_MWH = 1e-6
"""Less demand than this counts as met [MWh]."""
CAPPED = 1e-6
"""How far rounding may leave a cap, as a share of it."""


def sensitivity_table(
    cases: Sequence[Case], records: Sequence[PointRecord], money: str, unit: str, tolerance: float
) -> pd.DataFrame:
    """Return the table of a sensitivity study.

    Parameters
    ----------
    cases, records : sequence
        Of the study, in the same order, the base first.
    money : str
        The cost class that is money.
    unit : str
        Its unit.
    tolerance : float
        How well the search knows a cost, as a share of it [-].

    Returns
    -------
    pandas.DataFrame
        Cases as index; columns `assumption`, `side`, `setting`, `cost`, `change` from the base,
        `change_share` [-], `tolerance` of the cost, `unmet_mwh`, `iterations`, `unit`, `status`
        and `error`.
    """
    costs = [_cost(record, money) for record in records]
    frame = pd.DataFrame([dict(case.about) for case in cases])
    frame["cost"] = costs
    frame["change"] = frame["cost"] - costs[0]
    frame["change_share"] = frame["change"] / abs(costs[0])
    frame["tolerance"] = tolerance * frame["cost"].abs()
    return _finished(frame, records, unit)


def pareto_table(
    cases: Sequence[Case],
    records: Sequence[PointRecord],
    *,
    cost_class: str,
    money: str,
    units: tuple[str, str],
    tolerance: float,
) -> pd.DataFrame:
    """Return the table of a front, the cheapest first.

    Parameters
    ----------
    cases, records : sequence
        Of the study, in the same order. The search for the least is no point of the front: it
        minimises another objective, and is left out.
    cost_class, money : str
        The class that is capped, and that which is money.
    units : tuple of str
        Units of money and of the class.
    tolerance : float
        How well the search knows a cost or an emission, as a share of it [-].

    Returns
    -------
    pandas.DataFrame
        Cases as index; columns `cap`, `emissions` of the programme, which the cap limits,
        `emissions_simulated`, `cost`, `more_cost` and `less_emissions` against the cheapest,
        `less_emissions_share` [-], `cost_per_unit` avoided since the point before, `cap_met`,
        `dominated_by`, `unmet_mwh`, `iterations`, `cost_class`, `emissions_unit`, `unit`, `status`
        and `error`.
    """
    front = [(c, r) for c, r in zip(cases, records, strict=True) if c.about["role"] != "least"]
    kept = [record for _, record in front]
    frame = pd.DataFrame({"role": [case.about["role"] for case, _ in front]})
    frame["cap"] = [record.values.get("cap", np.nan) for record in kept]
    frame["emissions"] = [_emitted(record, cost_class, "total") for record in kept]
    frame["emissions_simulated"] = [_true_emissions(record, cost_class) for record in kept]
    frame["cost"] = [_cost(record, money) for record in kept]
    truth = frame["emissions_simulated"]
    frame["more_cost"] = frame["cost"] - frame["cost"].iloc[0]
    frame["less_emissions"] = truth.iloc[0] - truth
    frame["less_emissions_share"] = frame["less_emissions"] / abs(truth.iloc[0])
    frame["cost_per_unit"] = _per_unit(frame["cost"], truth)
    finished = _finished(frame, kept, units[0])
    unmet = finished["unmet_mwh"] > UNMET_MWH
    within = finished["cap"].isna() | (
        finished["emissions"] <= finished["cap"] * (1.0 + CAPPED) + CAPPED
    )
    finished.insert(9, "cap_met", within & ~unmet & (finished["status"] == "ok"))
    known = finished["cap_met"].to_numpy(dtype=bool)
    finished.insert(
        10, "dominated_by", dominated_by(finished["cost"], truth.to_numpy(), known, tolerance)
    )
    finished["cost_class"] = cost_class
    finished["emissions_unit"] = units[1]
    return finished


def dominated_by(
    costs: pd.Series[float],
    emissions: np.ndarray[Any, np.dtype[np.float64]],
    known: np.ndarray[Any, np.dtype[np.bool_]],
    tolerance: float,
) -> list[str]:
    """Return for each point another that is better beyond tolerance; "" where there is none.

    Parameters
    ----------
    costs : pandas.Series
        Costs by the points' names.
    emissions : ndarray
        Their emissions.
    known : ndarray of bool
        Points that count.
    tolerance : float
        Share of either by which a point has to be better, the other being no worse [-].
    """
    money = costs.to_numpy(dtype=float)
    found = []
    for k in range(len(money)):
        room_eur, room = tolerance * abs(money[k]), tolerance * abs(emissions[k])
        cheaper = (money < money[k] - room_eur) & (emissions <= emissions[k])
        cleaner = (emissions < emissions[k] - room) & (money <= money[k])
        better = np.flatnonzero((cheaper | cleaner) & known) if known[k] else np.array([], int)
        found.append(str(costs.index[better[0]]) if len(better) else "")
    return found


def _per_unit(costs: pd.Series[float], emissions: pd.Series[float]) -> pd.Series[float]:
    """Return what a unit less cost since the point before; NaN where nothing is avoided."""
    avoided = -emissions.diff()
    return (costs.diff() / avoided).where(avoided > CAPPED * emissions.abs())


def _finished(frame: pd.DataFrame, records: Sequence[PointRecord], unit: str) -> pd.DataFrame:
    frame["unmet_mwh"] = [_unmet_mwh(record.summary) for record in records]
    frame["iterations"] = [_iterations(record.summary) for record in records]
    frame["unit"] = unit
    frame["status"] = ["ok" if record.error is None else "failed" for record in records]
    frame["error"] = [record.error or "" for record in records]
    frame.index = pd.Index([record.point for record in records], name="case")
    return frame


def _cost(record: PointRecord, money: str) -> float:
    """Return what a case costs with its ring: simulated where there is one, else optimised."""
    summary = record.summary
    if summary is None:
        return float("nan")
    if summary["whole_cost"] is not None:
        return float(summary["whole_cost"]["total"])
    return float(summary["costs"][money]["total"])


def _emitted(record: PointRecord, cost_class: str, key: str) -> float:
    found = (record.summary or {}).get("costs", {}).get(cost_class, {}).get(key)
    return float("nan") if found is None else float(found)


def _true_emissions(record: PointRecord, cost_class: str) -> float:
    """Return what is emitted as simulated; without a ring, the programme's is the truth."""
    simulated = _emitted(record, cost_class, "total_simulated")
    return _emitted(record, cost_class, "total") if np.isnan(simulated) else simulated


def _unmet_mwh(summary: Mapping[str, Any] | None) -> float:
    if summary is None:
        return float("nan")
    unmet = summary["energy_mwh"].get("unmet_demand", {})
    return float(sum(abs(value) for carriers in unmet.values() for value in carriers.values()))


def _iterations(summary: Mapping[str, Any] | None) -> float:
    found = (summary or {}).get("convergence")
    return float("nan") if found is None else float(found["iterations"])
