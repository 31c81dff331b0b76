"""The commands below `anello district`."""

from __future__ import annotations

import argparse

from anello.cli import district_map, driving
from anello.cli.options import Commands, add_diagnosis
from anello.errors import InputError

_DISTRICT = """\
examples:
  anello district new harbour --description harbour.yaml   a folder with all of a run
  anello district run harbour                              dispatch and ring, to the report
  anello district report harbour --open                    the report, in a browser
  anello district example-map quarter                      a made-up quarter to try a map with
  anello district from-map quarter/buildings.geojson quarter/streets.geojson \\
      --plant 45.32,9.47 --output quarter
"""


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    district = commands.add(
        "district", _help, "Make a district, from a map too; run it, find its report.", _DISTRICT
    )
    add_diagnosis(district)
    parts = commands.below(district)
    driving.add(parts)
    district_map.add(parts)


def _help(told: argparse.Namespace) -> int:  # noqa: ARG001
    raise InputError(
        "say what is to be done: `anello district new`, `run`, `report`, `from-map` or"
        " `example-map`"
    )
