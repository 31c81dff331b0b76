"""Alternatives of mode `spores`, each as the results of a scenario of its own."""

from __future__ import annotations

from dataclasses import replace

from anello.errors import InputError, Problem
from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.whole_cost import objective_weights


def one_by_one(name: str, collected: CollectedResults) -> dict[str, CollectedResults]:
    """Return each alternative as a scenario; results of one system as they are.

    Parameters
    ----------
    name : str
        The scenario's.
    collected : CollectedResults
        Its results, with or without a dimension ``spore``.

    Returns
    -------
    dict of str to CollectedResults
        By ``<name>, cheapest`` and ``<name>, alternative <number>``; with ``objective`` and
        ``cost_objective`` of each, which the file has of the cheapest alone.
    """
    results = collected.results
    if "spore" not in results.dims:
        return {name: collected}
    weights = objective_weights(collected)
    found = {}
    for position, label in enumerate(results["spore"].values.tolist()):
        one = results.isel(spore=position, drop=True)
        told = {"objective": float(results["spore_objective"].values[position])}
        if "cost" in one:
            costs = {of: float(one["cost"].sel(cost_class=of).sum()) for of in weights}
            told["cost_objective"] = sum(weights[of] * cost for of, cost in costs.items())
        scenario = f"{name}, alternative {label}" if label else f"{name}, cheapest"
        attrs = {**collected.attrs, "scenario": scenario}
        found[scenario] = replace(collected, results=one.assign_attrs(told), attrs=attrs)
    return found


def require_one(collected: CollectedResults) -> None:
    """Refuse results of several alternatives, where those of one system are wanted.

    Raises
    ------
    InputError
        If there is a dimension ``spore``.
    """
    if "spore" in collected.results.dims:
        raise InputError(
            Problem(
                f"the results hold {collected.results.sizes['spore']} systems of mode `spores`",
                key="run.mode",
                value="spores",
                suggestion="Take each by itself: `one_by_one` of "
                "`anello.optimise.results.alternatives` returns them as scenarios",
            )
        )


__all__ = ["one_by_one", "require_one"]
