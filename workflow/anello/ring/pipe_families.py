"""Families of pipes by name: `pipes.yaml`, with sizes and sources."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

from ruamel.yaml import YAML

from anello.errors import did_you_mean


@dataclass(frozen=True)
class FamilySize:
    """A size of a family.

    Attributes
    ----------
    dn : str
        Its name in the family.
    inner_m, wall_m, insulation_m : float
        Inner diameter, thickness of wall and of insulation [m].
    casing_m : float
        Outer diameter of the casing, or of the pipe without one [m].
    gap_m : float or None
        Distance between the walls of two pipes in one casing; None for a single pipe [m].
    """

    dn: str
    inner_m: float
    wall_m: float
    insulation_m: float
    casing_m: float
    gap_m: float | None


@dataclass(frozen=True)
class Family:
    """Pipes of one make.

    Attributes
    ----------
    name, source : str
        What settings call it, and the standard its sizes are from.
    roughness_mm : float
        Roughness of the inner wall [mm].
    wall_kj_per_m3k : float
        Heat capacity of the wall [kJ/(m³·K)].
    insulation_w_per_mk : float
        Thermal conductivity of the insulation [W/(m·K)].
    sizes : tuple of FamilySize
        Smallest first.
    """

    name: str
    source: str
    roughness_mm: float
    wall_kj_per_m3k: float
    insulation_w_per_mk: float
    sizes: tuple[FamilySize, ...]


@cache
def families() -> dict[str, Family]:
    """Return the families of pipes by their key."""
    text = resources.files(__package__).joinpath("pipes.yaml").read_text(encoding="utf-8")
    found = {}
    for key, made in YAML(typ="safe").load(text).items():
        sizes = []
        for one in made["sizes"]:
            outer, casing = one["outer_mm"], one.get("casing_mm", one["outer_mm"])
            gap = one.get("gap_mm")
            sizes.append(
                FamilySize(
                    dn=one["dn"],
                    inner_m=(outer - 2.0 * one["wall_mm"]) / 1000.0,
                    wall_m=one["wall_mm"] / 1000.0,
                    # Beside the other pipe of a casing it is thinner: `gap_m` says how much.
                    insulation_m=(casing - outer) / 2000.0,
                    casing_m=casing / 1000.0,
                    gap_m=None if gap is None else gap / 1000.0,
                )
            )
        found[key] = Family(
            name=made["name"],
            source=made["source"],
            roughness_mm=made["roughness_mm"],
            wall_kj_per_m3k=made["wall_heat_capacity_kj_per_m3k"],
            insulation_w_per_mk=made["insulation_w_per_mk"],
            sizes=tuple(sizes),
        )
    return found


def find_pipe(name: str) -> tuple[Family, FamilySize]:
    """Return the family and size that a name means.

    Parameters
    ----------
    name : str
        Such as `PE100 SDR11 DN160`; capitals do not matter, and `d160` is `DN160`.

    Raises
    ------
    ValueError
        If there is no such family or size; with those that there are.
    """
    made, _, size = " ".join(name.split()).rpartition(" ")
    by_name = {family.name.lower(): family for family in families().values()}
    family = by_name.get(made.lower())
    if family is None:
        nearest = did_you_mean(made.lower(), by_name)
        known = ", ".join(f"`{one.name}`" for one in families().values())
        raise ValueError(
            f"`pipe: {name}`: no such family of pipes; name it as `PE100 SDR11 DN160`. "
            f"{nearest + ' ' if nearest else ''}There are {known}"
        )
    number = size.lower().removeprefix("dn").removeprefix("d")
    for one in family.sizes:
        if one.dn.lower().removeprefix("dn").removeprefix("d") == number:
            return family, one
    known = ", ".join(f"DN{one.dn.lstrip('dDnN')}" for one in family.sizes)
    raise ValueError(f"`pipe: {name}`: {family.name} has no size `{size}`; there are {known}")


def pipe_settings(name: str) -> dict[str, float]:
    """Return what a name says of a pipe, as `PipeConfig` calls it.

    Raises
    ------
    ValueError
        If there is no such pipe.
    """
    family, size = find_pipe(name)
    return {
        "inner_diameter_m": round(size.inner_m, 5),
        "wall_thickness_m": round(size.wall_m, 5),
        "wall_heat_capacity_kj_per_m3k": family.wall_kj_per_m3k,
        "insulation_thickness_m": round(size.insulation_m, 5),
        "insulation_w_per_mk": family.insulation_w_per_mk,
        "roughness_mm": family.roughness_mm,
    }
