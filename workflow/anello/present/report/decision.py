"""The first screen: what to build, what it costs, and how it stands against the alternatives."""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from anello.base.year import is_a_year
from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.whole_cost import counts_emissions
from anello.present.report.appearance import Appearance, carrier_kind
from anello.present.report.at_limits import at_limits_html
from anello.present.report.comparison import signed_percent, summaries_of
from anello.present.report.config import FiguresConfig
from anello.present.report.costs import cost_per_kwh
from anello.present.report.deciding import deciding_html, sizes_are_given
from anello.present.report.differences import differences_html, ring_note
from anello.present.report.few_days import few_days_html
from anello.present.report.monthly_peaks import monthly_peaks_html
from anello.present.report.numbers import exact, with_code
from anello.present.report.plant_meter import plant_meter_note
from anello.present.report.sizes import sizes_html
from anello.present.report.total import Summary, shows_whole, total_cost
from anello.present.report.worst_week import worst_week
from anello.present.report.years import expected_cost, proposals, years_html, years_of
from anello.ring.held import DRAINED_ADVICE

PLANS = ("designed", "smart")
"""Scenarios that are the plan, the first of them that there is; else the cheapest one."""

NO_DIFFERENCE = 0.01
"""Share of a cost below which another is no different: search and simulation agree no better."""


def plan_of(summaries: Mapping[str, Summary], config: FiguresConfig) -> str:
    """Return the scenario that the first screen proposes; of one with years, the likeliest."""
    for name in PLANS:
        if name in summaries:
            return name
        years = years_of(summaries, name)
        if years:
            return _likeliest(years)
    return cheapest_of(summaries, config) or next(iter(summaries))


def cheapest_of(summaries: Mapping[str, Summary], config: FiguresConfig) -> str | None:
    """Return the scenario with the least cost of those that meet all demand, if costs are known.

    One with years has the cost that is to be expected, meets all demand in each of them, and is
    named by the likeliest.
    """
    costs = {
        _likeliest(weights): cost
        for weights in proposals(summaries).values()
        if (cost := expected_cost(weights, summaries, config)) is not None
        and all(unmet_mwh(summaries[name]) < 1e-6 for name in weights)
    }
    return min(costs, key=lambda name: costs[name]) if costs else None


def _likeliest(weights: Mapping[str, float]) -> str:
    return max(weights, key=lambda name: weights[name])


def unmet_mwh(summary: Summary) -> float:
    """Return the demand that a scenario leaves unmet [MWh]."""
    parts = summary["energy_mwh"].get("unmet_demand") or {}
    return float(sum(value for by_carrier in parts.values() for value in by_carrier.values()))


def emission_class(summary: Summary) -> str | None:
    """Return the cost class that counts emissions, by its name, or None."""
    named = [name for name in summary["costs"] if counts_emissions(name)]
    return named[0] if named else None


def to_invest(summary: Summary, config: FiguresConfig) -> float | None:
    """Return what a scenario costs to build, its ring included as far as that has prices."""
    found = (summary["costs"].get(config.cost_class) or {}).get("to_build")
    ring = (summary["whole_cost"] or {}).get("ring")
    if ring is None:
        return None if found is None else float(found)
    return float(found or 0.0) + float(ring["to_build"])


def emissions(summary: Summary) -> float | None:
    """Return what a scenario emits, as simulated where a ring is, in the class's unit."""
    named = emission_class(summary)
    if named is None:
        return None
    found = summary["costs"][named]
    return float(found.get("total_simulated", found["total"]))


def decision_html(
    loaded: Mapping[str, CollectedResults],
    config: FiguresConfig,
    summaries: Mapping[str, Summary] | None = None,
) -> str:
    """Return the first screen.

    Parameters
    ----------
    loaded : mapping of str to CollectedResults
        The scenarios, with or without ring.
    config : FiguresConfig
        Names, currency, cost class.
    summaries : mapping of str to mapping, optional
        What `summaries_of` returned, where it is known already.

    Returns
    -------
    str
        A sentence, key figures, the alternatives, the sizes and which of them ended at a limit,
        and what the difference from the cheapest is made of. Every number carries the exact one
        of ``summary.json`` in ``data-value``.
    """
    summaries = summaries_of(loaded) if summaries is None else summaries
    plan = plan_of(summaries, config)
    collected, summary = loaded[plan], summaries[plan]
    look = Appearance(collected.results, collected.inputs, config)
    weights = proposals(summaries)[_proposal_of(plan, summaries)]
    unmet = {name: unmet_mwh(s) for name, s in summaries.items()}
    given = [name for name, one in loaded.items() if sizes_are_given(one)]
    parts = [
        f'<p class="lead">{_lead(plan, summaries, config)}</p>',
        few_days_html([loaded[name] for name in weights if name in loaded], look),
        years_html(summaries, unmet, config, given),
        _deciding(plan, loaded, summaries, look),
        _key_figures(summary, collected, look, config),
        _alternatives(summaries, plan, loaded, config),
        _described(loaded, summaries),
        _beyond_bounds(summaries, weights),
        f"<h3>What to build: {html.escape(_proposal_of(plan, summaries))}</h3>",
        sizes_html(collected, summary, look),
        monthly_peaks_html(weights, summaries, look, config),
        at_limits_html(weights, summaries, look, config),
        differences_html(summaries, cheapest_of(summaries, config), config),
        ring_note(summaries),
        plant_meter_note(loaded),
    ]
    return "".join(parts)


def period_text(summary: Summary) -> str:
    """Say which time a cost is of: a year, or what was modelled."""
    hours = float(summary["hours_modelled"])
    if is_a_year(hours):
        return "a year"
    return "1 day modelled" if hours == 24.0 else f"{hours / 24:.4g} days modelled"


def _lead(plan: str, summaries: Mapping[str, Summary], config: FiguresConfig) -> str:
    offered = proposals(summaries)
    proposed = _proposal_of(plan, summaries)
    weights = offered[proposed]
    several = list(weights) != [proposed]
    costs = {name: expected_cost(of, summaries, config) for name, of in offered.items()}
    cost = costs[proposed]
    text = f"Proposed: <strong>{html.escape(proposed)}</strong>"
    if cost is None:
        return f"{text}; its costs are not known."
    others = {name: other for name, other in costs.items() if name != proposed and other and cost}
    told = [
        f"{html.escape(name)} {signed_percent(other / cost - 1.0)}"
        for name, other in others.items()
    ]
    expected = "an expected " if several else ""
    money = html.escape(config.currency)
    text += f", at {expected}{exact(cost)} {money} for {period_text(summaries[plan])}"
    text += f" (beside it, {', '.join(told)})" if told else ""
    cheapest = cheapest_of(summaries, config)
    if cheapest is not None and others:
        cheapest = _proposal_of(cheapest, summaries)
        least = "It" if cheapest == proposed else f"<strong>{html.escape(cheapest)}</strong>"
        text += f". {least} costs least of the {len(offered)} scenarios"
        alike = [name for name in costs if name != cheapest and _alike(costs, name, cheapest)]
        if alike:
            text += f"; {html.escape(', '.join(alike))} within 1 %, which is no difference"
    for name in weights:
        unmet = unmet_mwh(summaries[name])
        if unmet > 1e-6:
            year = f" in {html.escape(summaries[name]['year']['year'])}" if several else ""
            text += f". <strong>{exact(unmet)} MWh of demand stay unmet{year}</strong>"
    faults = (
        _faults_of_year(summaries[plan])
        if not several
        else _faults_of_years(
            {summaries[name]["year"]["year"]: summaries[name] for name in weights}
        )
    )
    said = "".join(f" <strong>{with_code(fault)}</strong>" for fault in faults)
    return f"{text}.{said}"


def _faults_of_year(summary: Summary) -> list[str]:
    """Say what is wrong with the water of a scenario's ring."""
    ring = summary.get("ring") or {}
    beyond = (ring.get("beyond_bounds") or {}).get("text")
    return [*filter(None, (beyond, ring.get("drained")))]


def _faults_of_years(years: Mapping[str, Summary]) -> list[str]:
    """Say it of each year, and what to do about it once; the table of years has the ways out."""
    told: list[str] = []
    advice = ""
    for year, summary in years.items():
        ring = summary.get("ring") or {}
        beyond = (ring.get("beyond_bounds") or {}).get("fact")
        drained = ring.get("drained")
        if drained:
            advice = DRAINED_ADVICE
            drained = drained.removesuffix(DRAINED_ADVICE).strip()
        told += [f"In {year}: {fault}" for fault in (beyond, drained) if fault]
    return [*told, advice] if advice else told


def _alike(costs: Mapping[str, float | None], one: str, other: str) -> bool:
    """Whether two costs are known, and no different."""
    mine, its = costs[one], costs[other]
    return mine is not None and its is not None and abs(mine - its) < NO_DIFFERENCE * abs(its)


def _proposal_of(name: str, summaries: Mapping[str, Summary]) -> str:
    """Return the scenario that some results are about: their own, or that whose year they are."""
    return str((summaries[name].get("year") or {}).get("scenario") or name)


def _deciding(
    plan: str,
    loaded: Mapping[str, CollectedResults],
    summaries: Mapping[str, Summary],
    look: Appearance,
) -> str:
    """Say which year decides the sizes of the proposal."""
    weights = proposals(summaries)[_proposal_of(plan, summaries)]
    years = (
        {summaries[name]["year"]["year"]: loaded[name] for name in weights if name in loaded}
        if summaries[plan].get("year")
        else {}
    )
    return deciding_html(years, look)


def _key_figures(
    summary: Summary, collected: CollectedResults, look: Appearance, config: FiguresConfig
) -> str:
    money = html.escape(config.currency)
    cost = total_cost(summary, config)
    invested = to_invest(summary, config)
    when = period_text(summary)
    if summary.get("year"):
        when += f", {html.escape(summary['year']['year'])}"
    figures: list[tuple[str, str, str]] = [
        ("cost", f"Cost, {when}", f"{exact(cost)} {money}"),
    ]
    if invested is not None:
        figures.append(("invest", "To invest", f"{exact(invested)} {money}"))
    for carrier, entry in _levelised(summary).items():
        if carrier_kind(carrier) != "electricity":
            per_kwh = cost_per_kwh(entry, config, whole=_shows_whole(summary, config))
            name = html.escape(look.name(carrier))
            figures.append(
                (f"levelised-{carrier}", f"{name}, levelised", f"{exact(per_kwh)} {money}/kWh")
            )
    emitted = emissions(summary)
    figures.append(
        (
            "co2",
            f"CO₂, {when}",
            f"{exact(emitted)} {html.escape(config.unit_beside(emission_class(summary)))}".strip(),
        )
        if emitted is not None
        else ("co2", "CO₂", "not in the model: no cost class counts it")
    )
    week = worst_week(collected)
    if week is not None:
        figures.append(("worst", week.title, html.escape(week.text)))
    cells = "".join(
        f'<div><dt>{label}</dt><dd data-answer="{html.escape(key, quote=True)}">{value}</dd></div>'
        for key, label, value in figures
    )
    return f'<dl class="figures">{cells}</dl>'


def _described(loaded: Mapping[str, CollectedResults], summaries: Mapping[str, Summary]) -> str:
    """Say what the scenarios are, in the words of the settings; once for all years of one."""
    texts = {
        _proposal_of(name, summaries): str(one.settings.get("description") or "")
        for name, one in loaded.items()
    }
    told = "".join(
        f"<li>{html.escape(name)}: {html.escape(text)}</li>" for name, text in texts.items() if text
    )
    return f'<ul class="hint" id="described">{told}</ul>' if told else ""


def _beyond_bounds(summaries: Mapping[str, Summary], proposed: Collection[str]) -> str:
    """Say which of the others has a ring that leaves its bounds; the lead says it of the plan."""
    found = {
        name: beyond["fact"]
        for name, summary in summaries.items()
        if name not in proposed
        and (beyond := (summary["ring"] or {}).get("beyond_bounds")) is not None
    }
    told = "".join(
        f"<li>{html.escape(name)}: {html.escape(fact)}</li>" for name, fact in found.items()
    )
    return f'<ul class="hint" id="beyond-bounds">{told}</ul>' if told else ""


def _shows_whole(summary: Summary, config: FiguresConfig) -> bool:
    return shows_whole(summary["whole_cost"], summary["cost_simulated"], config)


def _levelised(summary: Summary) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (summary["levelised_cost"] or {}).get("carriers", {})
    return found


def _alternatives(
    summaries: Mapping[str, Summary],
    plan: str,
    loaded: Mapping[str, CollectedResults],
    config: FiguresConfig,
) -> str:
    """One row per scenario: cost, against the plan, investment, cost per kWh, CO2, unmet."""
    money = html.escape(config.currency)
    carriers = list(dict.fromkeys(c for s in summaries.values() for c in _levelised(s)))
    carriers = [c for c in carriers if carrier_kind(c) != "electricity"]
    looks = [Appearance(c.results, c.inputs, config) for c in loaded.values()]
    emitting = next(filter(None, map(emission_class, summaries.values())), None)
    head = ["Scenario", f"Cost [{money}]", f"Against {html.escape(plan)}", f"To invest [{money}]"]
    head += [f"{html.escape(looks[0].name(c))} [{money}/kWh]" for c in carriers]
    unit = config.unit_beside(emitting)
    head += [f"CO₂ [{html.escape(unit)}]" if unit else "CO₂"] if emitting else []
    head += ["Unmet [MWh]"]
    base = total_cost(summaries[plan], config)
    rows = []
    for name, summary in summaries.items():
        cost = total_cost(summary, config)
        against = (
            "" if name == plan or not base or cost is None else signed_percent(cost / base - 1)
        )
        levelised = _levelised(summary)
        cells: Sequence[str] = [
            exact(cost),
            against or "–",
            exact(to_invest(summary, config)),
            *(
                exact(cost_per_kwh(levelised[c], config, whole=_shows_whole(summary, config)))
                if c in levelised
                else exact(None)
                for c in carriers
            ),
            *([exact(emissions(summary))] if emitting else []),
            exact(unmet_mwh(summary)),
        ]
        label = html.escape(name)
        mark = ' class="plan"' if name == plan else ""
        link = f'<a href="#scenario={html.escape(name, quote=True)}">{label}</a>'
        rows.append(
            f'<tr{mark}><th scope="row">{link}</th>'
            + "".join(f"<td>{cell}</td>" for cell in cells)
            + "</tr>"
        )
    top = "".join(f'<th scope="col">{text}</th>' for text in head)
    caption = "Against the alternatives"
    if len(proposals(summaries)) == 1:
        caption = "Each year" if len(summaries) > 1 else "The only scenario of this run"
    return (
        '<div class="scroll"><table id="alternatives">'
        f"<caption>{caption}</caption>"
        f"<thead><tr>{top}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
