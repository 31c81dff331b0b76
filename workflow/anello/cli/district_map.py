"""Commands that make a district from a map."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from anello.cli.options import FILE, FOLDER, Commands, add_diagnosis, argument, flag
from anello.cli.terminal import OK, Progress, say_warning
from anello.errors import InputError

MAP_FILE = "map.svg"
_EXAMPLE = """\
examples:
  anello district example-map quarter        a made-up quarter to try it with
  anello district from-map quarter/buildings.geojson quarter/streets.geojson \\
      --plant 45.32,9.47 --output quarter
"""
_FROM_MAP = """\
examples:
  anello district from-map buildings.geojson streets.geojson --plant 45.32,9.47 --output quarter
  anello district from-map osm.geojson osm.geojson --plant 45.32,9.47 --output quarter \\
      --description weather_and_tariffs.yaml --substations 12 --pipe steel
  anello district from-map buildings.geojson streets.geojson --plant 45.32,9.47 --output tree \\
      --layout tree

Buildings and streets are GeoJSON in degrees: of your own, or as overpass-turbo, osmtogeojson, QGIS
or GDAL export OpenStreetMap. Written are district.yaml (the description), pipes.yaml (loop
or tree), network.geojson and map.svg. A latitude south of the equator needs an equals sign:
--plant=-33.9,18.4
"""


def add(parts: Commands) -> None:
    """Add the commands of this module."""
    made = parts.add("from-map", _from_map, "Lay a network on a map, and describe it.", _FROM_MAP)
    argument(made, "buildings", FILE, metavar="BUILDINGS", help="footprints, GeoJSON")
    argument(made, "streets", FILE, metavar="STREETS", help="streets as lines, GeoJSON")
    made.add_argument(
        "--plant", metavar="LAT,LON", required=True, type=place, help="where the plant stands"
    )
    flag(made, "output", FOLDER, metavar="FOLDER", required=True, help="where the files go")
    flag(
        made,
        "description",
        FILE,
        metavar="FILE",
        help="what the map does not say: name, weather, tariffs, wells, in a description's keys",
    )
    flag(
        made,
        "substations",
        metavar="COUNT",
        type=int,
        default=8,
        help="most substations; near buildings share one (default: 8)",
    )
    flag(
        made,
        "layout",
        choices=("loop", "tree"),
        default="loop",
        help="one pipe around (default), or two pipes in a branched trench",
    )
    flag(made, "pipe", metavar="KIND", default="pe100", help="pe100 (default) or steel")
    flag(
        made,
        "spread_k",
        metavar="K",
        type=float,
        default=4.0,
        help="how far the water differs in the worst hour (default: 4)",
    )
    flag(
        made,
        "gradient_pa_per_m",
        metavar="PA",
        type=float,
        help="pressure that a metre of pipe may lose in the worst hour (default: pipes as wide as"
        " costs least over their life, with what is pumped)",
    )
    add_diagnosis(made)
    example = parts.add(
        "example-map", _example, "Copy the map of a made-up quarter of 60 buildings.", _EXAMPLE
    )
    argument(example, "path", FOLDER, metavar="PATH", help="the folder to make")
    add_diagnosis(example)


def place(text: str) -> tuple[float, float]:
    """Return the latitude and longitude that a text names.

    Raises
    ------
    argparse.ArgumentTypeError
        If it names none.
    """
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"`{text}` is not LAT,LON in degrees, such as 45.46,9.19"
        ) from None
    return latitude, longitude


def _from_map(told: argparse.Namespace) -> int:
    from anello.district.from_map import MapOptions, district_from_map, write_map
    from anello.present.district_map import draw_map

    folder = Path(told.output)
    if (folder / "district.yaml").exists():
        raise InputError(f"{folder / 'district.yaml'} exists already; choose another folder")
    progress = Progress(told.quiet)
    options = MapOptions(
        told.substations, told.layout, told.pipe, told.spread_k, told.gradient_pa_per_m
    )
    with progress.work("laying the network"):
        network = district_from_map(
            Path(told.buildings),
            Path(told.streets),
            told.plant,
            options,
            None if told.description is None else Path(told.description),
            folder,
        )
    for note in [] if told.quiet else network.notes:
        say_warning(note)
    write_map(network, folder)
    draw_map(network, folder / MAP_FILE)
    if told.quiet:
        return OK
    by_width = sorted((segment.size for segment in network.segments), key=lambda one: one.inner_m)
    sizes = " to ".join(dict.fromkeys((by_width[0].dn, by_width[-1].dn)))
    count = sum(len(one.buildings) for one in network.substations)
    print(
        f"{count} buildings at {len(network.substations)} substations on a {told.layout}:"
        f" {network.pipe_m:.0f} m of {told.pipe} pipe, {sizes},"
        f" {max(segment.flow_kg_s for segment in network.segments):.1f} kg/s at most"
    )
    print(f"The map is {folder / MAP_FILE}, the district {folder / 'district.yaml'}. Next:")
    print(f"  anello district new {shlex.quote(str(folder))}")
    print(f"  anello district run {shlex.quote(str(folder))}")
    return OK


def _example(told: argparse.Namespace) -> int:
    from anello.examples.quarter_map import PLANT_DEG, copy_quarter

    folder = Path(told.path)
    copy_quarter(folder)
    if not told.quiet:
        plant = ",".join(f"{value:g}" for value in PLANT_DEG)
        print(f"The map of a made-up quarter is in {folder}. Next:")
        files = f"{folder / 'buildings.geojson'} {folder / 'streets.geojson'}"
        print(f"  anello district from-map {files} --plant {plant} --output {folder}")
    return OK
