"""A district from a map: substations and pipes along streets, and the description that runs."""

from __future__ import annotations

from anello.district.from_map.laying import MapOptions
from anello.district.from_map.network import MapNetwork, district_from_map
from anello.district.from_map.written import (
    loop_settings,
    network_features,
    tree_settings,
    write_map,
)

__all__ = [
    "MapNetwork",
    "MapOptions",
    "district_from_map",
    "loop_settings",
    "network_features",
    "tree_settings",
    "write_map",
]
