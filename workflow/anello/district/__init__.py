"""The embedded district, and anybody's own: from one description to a complete model folder.

``load_district`` reads a description, ``write_district`` computes its weather, demand and
photovoltaic series and writes the folder. Nothing is retrieved from a network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anello.base.first_use import on_first_use
from anello.district.config import DistrictConfig, load_district, parse_district

if TYPE_CHECKING:
    from anello.district.model_folder import DistrictFolder, start_cop, write_district
    from anello.district.project import new_project, new_run_folder
    from anello.district.synthesis import DistrictSeries, synthesise

__all__ = [
    "DistrictConfig",
    "DistrictFolder",
    "DistrictSeries",
    "load_district",
    "new_project",
    "new_run_folder",
    "parse_district",
    "start_cop",
    "synthesise",
    "write_district",
]

# pvlib takes over a second to import; checking a configuration does not need it.
__getattr__, __dir__ = on_first_use(
    __name__,
    {
        "DistrictFolder": "model_folder",
        "DistrictSeries": "synthesis",
        "new_project": "project",
        "new_run_folder": "project",
        "start_cop": "model_folder",
        "synthesise": "synthesis",
        "write_district": "model_folder",
    },
)
