"""Exchangers for free cooling of a described district: how large they are, and which are free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from anello.ring.cop_config import FreeCooling

KEY = "free_cooling"


def exchanger(
    told: FreeCooling, peaks_kw: Mapping[str, float], places: Sequence[str]
) -> dict[str, Any]:
    """Return the settings of an exchanger before the heat pumps of some places, of a given size.

    Parameters
    ----------
    told : FreeCooling
        As described, for all places.
    peaks_kw : mapping of str to float
        Largest cooling load of each place, whose sum it is designed for unless the description says
        another [kW].
    places : sequence of str
        Those that it is for.
    """
    peak_kw = sum(peaks_kw[name] for name in places)
    share = peak_kw / (sum(peaks_kw.values()) or 1.0)
    settings = told.model_dump(exclude={"size"}, exclude_none=True)
    if told.design_kw is not None:
        settings["design_kw"] = round(told.design_kw * share, 1)
    elif told.effectiveness < 1.0 and peak_kw:  # one without end has no size, and no price
        settings["design_kw"] = round(peak_kw, 1)
    if told.build_eur is not None:
        settings["build_eur"] = round(told.build_eur * share, 2)
    return settings


def left_open(told: FreeCooling | None, pumps: Mapping[str, Any]) -> dict[str, Any]:
    """Return what leaves the sizes of exchangers to a search, for those heat pumps that have one.

    Parameters
    ----------
    told : FreeCooling or None
        As described, with the limits of the size if it says any.
    pumps : mapping
        Settings of heat pumps, by key.
    """
    if told is None or told.build_eur is not None:
        return {}
    size = {} if told.size is None else told.size.model_dump(exclude_unset=True)
    return {
        key: {KEY: {"size": size}}
        for key, pump in pumps.items()
        if "design_kw" in (pump.get(KEY) or {})
    }


def as_given(pumps: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings of heat pumps without sizes of exchangers that are left open."""
    kept = {}
    for key, pump in pumps.items():
        settings = dict(pump)
        if KEY in pump:
            settings[KEY] = {name: value for name, value in pump[KEY].items() if name != "size"}
        kept[key] = {name: value for name, value in settings.items() if value != {}}
    return {key: settings for key, settings in kept.items() if settings}
