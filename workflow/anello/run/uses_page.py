"""The reference page of building uses, from the data that the demands are computed with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import astuple

from anello.district.emitters import EMITTERS
from anello.district.envelopes import ENVELOPES
from anello.district.uses import BuildingUse, Schedule, building_uses, use_aliases, use_sources


def uses_table() -> str:
    """Return uses, their numbers, hours and sources, and the emitters, as Markdown."""
    aliases = use_aliases()
    uses = {name: use for name, use in building_uses().items() if name not in aliases}
    parts = [
        "## At a glance",
        "",
        _table(
            ("`use`", "what", "m² per person", "fresh air", "appliances", "light", "process",
             "hot water", "heated to", "cooled to"),
            (_glance(name, use) for name, use in uses.items()),
        ),
        "",
        *(f"`{name}` is another name of `{other}`." for name, other in aliases.items()),
        "",
        "Fresh air is in m³/h per person who is in, and per m² in hours of use; where there is "
        "none, the class of insulation says how often the air changes. Powers are W/m², hot water "
        "is in litres per person and day, and temperatures are °C in hours of use and else.",
        "",
        "## What a year needs",
        "",
        "Published ranges in kWh/m² a year, useful heat and cold, and electricity without either. "
        "A test computes a building of the typical size in the climate of Milan, for each class of "
        "insulation, and holds it to them. Where numbers are assumed, they were chosen with these "
        "ranges in view: the test shows that all fits together, and is no measurement.",
        "",
        _table(
            ("`use`", "typical m²", "heating", "cooling", "hot water", "electricity", "source"),
            (_ranges(name, use) for name, use in uses.items()),
        ),
        "",
        "## Hours and sources",
        "",
        *(line for name, use in uses.items() for line in _details(name, use)),
        "## Insulation and fresh air",
        "",
        "Where people have fresh air of their own, it comes on top of what leaks, and its heat is "
        "recovered while the air outside is colder than 15 °C (shops 12 °C, hospitals 10 °C).",
        "",
        _table(
            ("`insulation`", "walls [W/m²K]", "windows [W/m²K]", "solar share",
             "air change without fresh air [1/h]", "leaks beside it [1/h]", "heat recovered"),
            (
                (f"`{name}`", *(f"{value:g}" for value in astuple(one)))
                for name, one in ENVELOPES.items()
            ),
        ),
        "",
        "## Emitters",
        "",
        "What `emitter` makes of the supply; the standards were not open to us.",
        "",
        _table(
            ("`emitter`", "heating [°C]", "cooling [°C]", "source"),
            (
                (f"`{name}`", f"{one.heating_degc:g}", f"{one.cooling_degc:g}", one.source)
                for name, one in EMITTERS.items()
            ),
        ),
        "",
        "## Sources",
        "",
        _table(("name", "what"), use_sources().items()),
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )


def _glance(name: str, use: BuildingUse) -> tuple[str, ...]:
    air, water, process, comfort = use.ventilation, use.hot_water, use.process, use.comfort
    person = use.people.m2_per_person
    litres = "none"
    if water is not None:
        litres = f"{water.litres_per_person_day:g} of {water.degc:g} °C"
        litres += "" if water.by_default else ", if asked for"
    return (
        f"`{name}`",
        use.title,
        "nobody" if person is None else f"{person:g}",
        "–" if air is None else f"{air.m3_per_h_person:g} and {air.m3_per_h_m2:g}",
        f"{use.appliances.w_per_m2:g}",
        f"{use.lighting.w_per_m2:g}",
        "–" if process is None else f"{process.w_per_m2:g}",
        litres,
        f"{comfort.heating_degc:g}, {comfort.heating_setback_degc:g}",
        f"{comfort.cooling_degc:g}, {comfort.cooling_setback_degc:g}",
    )


def _ranges(name: str, use: BuildingUse) -> tuple[str, ...]:
    annual = use.annual_kwh_per_m2
    spans = (annual.heating, annual.cooling, annual.hot_water, annual.electricity)
    return (
        f"`{name}`",
        f"{use.floor.typical_m2:g}",
        *(f"{low:g} to {high:g}" for low, high in spans),
        annual.source,
    )


def _details(name: str, use: BuildingUse) -> Iterator[str]:
    schedules = {
        "people": use.people.schedule,
        "appliances": use.appliances.schedule,
        "light": use.lighting.schedule,
    }
    if use.hot_water is not None:
        schedules["hot water"] = use.hot_water.schedule
    if use.process is not None:
        schedules["process"] = use.process.schedule
    sources = {
        block: getattr(use, block).source
        for block in BuildingUse.model_fields
        if block not in ("title", "annual_kwh_per_m2") and getattr(use, block) is not None
    }
    yield f"### {use.title} (`{name}`)"
    yield ""
    yield _in_words(use)
    yield ""
    yield _table(
        ("share of", "on", "hours 0 to 23"),
        (
            (what, days, hours)
            for what, schedule in schedules.items()
            for days, hours in _days(schedule)
        ),
    )
    yield ""
    yield _table(
        ("numbers", "from"),
        ((block.replace("_", " "), source) for block, source in sources.items()),
    )
    yield ""


def _in_words(use: BuildingUse) -> str:
    floor, people, comfort = use.floor, use.people, use.comfort
    hours = [
        f"{day} {'closed' if told is None else f'{told[0]} to {told[1]}'}"
        for day, told in (
            ("workdays", comfort.workday),
            ("Saturdays", comfort.saturday),
            ("Sundays", comfort.sunday),
        )
    ]
    months = ""
    if people.months is not None:
        months = f", by month {' '.join(f'{month:g}' for month in people.months)}"
    return (
        f"Storeys of {floor.storey_m:g} m, at most {floor.storeys_at_most}; "
        f"{floor.window_area_m2_per_m2:g} m² of window per m². Hours of use: {', '.join(hours)}; "
        f"{'cooled all year' if comfort.cooled_all_year else 'cooled in its season'}. "
        f"{people.present_share:.0%} of the people below come, {people.summer_break_share:.0%} of "
        f"them in a summer break{months}; each warms the room with {people.w_per_person:g} W."
    )


def _days(schedule: Schedule) -> Iterator[tuple[str, str]]:
    """Yield kinds of day that are alike, and their hours."""
    alike: dict[tuple[float, ...], list[str]] = {}
    for day in ("workday", "saturday", "sunday"):
        alike.setdefault(getattr(schedule, day), []).append(day)
    for hours, days in alike.items():
        constant = len(set(hours)) == 1
        shown = f"{hours[0]:g}, all day" if constant else " ".join(f"{hour:g}" for hour in hours)
        yield "all days" if len(days) == 3 else " and ".join(days), shown
