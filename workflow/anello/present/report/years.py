"""For which years the sizes of a scenario were found, and what each of them costs with these."""

from __future__ import annotations

import html
import math
from collections.abc import Collection, Mapping

from anello.present.report.config import FiguresConfig
from anello.present.report.numbers import exact, with_code
from anello.present.report.total import Summary, total_cost


def years_of(summaries: Mapping[str, Summary], scenario: str) -> dict[str, float]:
    """Return the results that are years of a scenario, with their probabilities [-]."""
    return {
        name: float(year["weights"][year["year"]])
        for name, summary in summaries.items()
        if (year := summary.get("year") or {}).get("scenario") == scenario
    }


def proposals(summaries: Mapping[str, Summary]) -> dict[str, dict[str, float]]:
    """Return what may be built: scenarios alone, and those with years, with the results of each.

    Parameters
    ----------
    summaries : mapping of str to mapping
        Each scenario's :func:`~anello.optimise.results.summary.summarise`.

    Returns
    -------
    dict
        By scenario, the results that are about it and their probabilities [-].
    """
    found: dict[str, dict[str, float]] = {}
    for name, summary in summaries.items():
        year = summary.get("year") or {}
        if year:
            found.setdefault(year["scenario"], years_of(summaries, year["scenario"]))
        else:
            found[name] = {name: 1.0}
    return found


def expected_cost(
    weights: Mapping[str, float], summaries: Mapping[str, Summary], config: FiguresConfig
) -> float | None:
    """Return what a proposal costs, over its years; None where a cost or a year is not known.

    Parameters
    ----------
    weights : mapping of str to float
        Its results and their probabilities, of :func:`proposals` [-].
    summaries : mapping of str to mapping
        Each scenario's :func:`~anello.optimise.results.summary.summarise`.
    config : FiguresConfig
        The cost class.
    """
    costs = {name: total_cost(summaries[name], config) for name in weights}
    known = {name: cost for name, cost in costs.items() if cost is not None}
    if len(known) < len(costs) or abs(math.fsum(weights.values()) - 1.0) > 1e-9:
        return None
    return math.fsum(weights[name] * cost for name, cost in known.items())


def years_html(
    summaries: Mapping[str, Summary],
    unmet_mwh: Mapping[str, float],
    config: FiguresConfig,
    given: Collection[str] = (),
) -> str:
    """Return, for each scenario with years, a sentence and a table of them.

    Parameters
    ----------
    summaries : mapping of str to mapping
        Each scenario's :func:`~anello.optimise.results.summary.summarise`.
    unmet_mwh : mapping of str to float
        Demand that each leaves unmet [MWh].
    config : FiguresConfig
        The currency.
    given : collection of str
        Results in which all sizes were given.

    Returns
    -------
    str
        Nothing where no scenario has years. Numbers carry the exact ones in ``data-value``.
    """
    found = dict.fromkeys(s["year"]["scenario"] for s in summaries.values() if s.get("year"))
    return "".join(_of_scenario(name, summaries, unmet_mwh, config, given) for name in found)


def _of_scenario(
    scenario: str,
    summaries: Mapping[str, Summary],
    unmet_mwh: Mapping[str, float],
    config: FiguresConfig,
    given: Collection[str],
) -> str:
    weights = years_of(summaries, scenario)
    money = html.escape(config.currency)
    costs = {name: total_cost(summaries[name], config) for name in weights}
    told = [
        f"{html.escape(summaries[name]['year']['year'])} ({weight * 100:.3g} %)"
        for name, weight in weights.items()
    ]
    listed = " and ".join(filter(None, [", ".join(told[:-1]), told[-1]]))
    text = f"The sizes of <strong>{html.escape(scenario)}</strong>"
    if all(name in given for name in weights):
        text += f" are as described, and were operated in {listed}"
    else:
        text += f" were found for {listed}" + (" together" if len(told) > 1 else "")
    expected = expected_cost(weights, summaries, config)
    if expected is not None:
        text += f": {exact(expected)} {money} are to be expected"
    rows = "".join(
        f'<tr><th scope="row">{html.escape(summaries[name]["year"]["year"])}</th>'
        f"<td>{weight * 100:.3g} %</td><td>{exact(costs[name])}</td>"
        f"<td>{exact(unmet_mwh[name])}</td><td>{_water(summaries[name])}</td>"
        f"<td>{_beyond(summaries[name])}</td></tr>"
        for name, weight in weights.items()
    )
    head = "".join(
        f'<th scope="col">{one}</th>'
        for one in ("Year", "Weight", f"Cost [{money}]", "Unmet [MWh]", "Ring [°C]", "Bounds")
    )
    return (
        f'<p class="years">{text}.</p>'
        '<div class="scroll"><table class="years"><caption>Year by year, with these sizes</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _water(summary: Summary) -> str:
    degc = (summary["ring"] or {}).get("temperature_degc")
    return "–" if not degc else f"{exact(degc['min'])} to {exact(degc['max'])}"


def _beyond(summary: Summary) -> str:
    if summary["ring"] is None:
        return "–"
    beyond = summary["ring"].get("beyond_bounds")
    return with_code(beyond["text"]) if beyond else "kept"
