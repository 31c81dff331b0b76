"""What the map's tools know beforehand: uses of buildings, and pipes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anello.errors import InputError, Problem, did_you_mean
from anello.model.schema.yaml_reader import parse_settings
from anello.ring.loop_config import PipeConfig
from anello.ring.pipe import friction_factor
from anello.ring.pipe_families import families

Floats = NDArray[np.float64]

DENSITY_KG_PER_M3 = 999.0
VISCOSITY_PA_S = 1.14e-3
"""Water at 15 °C, as a loop's settings have it."""


@dataclass(frozen=True)
class Size:
    """A pipe of the catalogue.

    Attributes
    ----------
    dn : str
        Name of the size.
    inner_m, wall_m, insulation_m : float
        Inner diameter, thickness of wall and of insulation [m].
    roughness_mm : float
        Roughness of the inner wall [mm].
    wall_kj_per_m3k : float
        Heat capacity of the wall [kJ/(m³·K)].
    insulation_w_per_mk : float
        Thermal conductivity of the insulation [W/(m·K)].
    """

    dn: str
    inner_m: float
    wall_m: float
    insulation_m: float
    roughness_mm: float
    wall_kj_per_m3k: float
    insulation_w_per_mk: float

    @property
    def area_m2(self) -> float:
        """Cross-section of the water [m²]."""
        return float(np.pi * self.inner_m**2 / 4.0)

    def gradient_pa_per_m(self, flow_kg_s: float) -> float:
        """Return the pressure lost per metre by a flow [Pa/m]; see `gradients_pa_per_m`."""
        return float(self.gradients_pa_per_m(np.array([flow_kg_s]))[0])

    def gradients_pa_per_m(self, flow_kg_s: Floats) -> Floats:
        """Return the pressure lost per metre, after Darcy and Weisbach, shape (T,) [Pa/m].

        Parameters
        ----------
        flow_kg_s : ndarray, shape (T,)
            Flow [kg/s].
        """
        velocity = flow_kg_s / (DENSITY_KG_PER_M3 * self.area_m2)
        reynolds = DENSITY_KG_PER_M3 * velocity * self.inner_m / VISCOSITY_PA_S
        factor = friction_factor(reynolds, self.roughness_mm / 1000.0 / self.inner_m)
        lost: Floats = factor / self.inner_m * DENSITY_KG_PER_M3 * velocity**2 / 2.0
        return lost

    def settings(self, length_m: float) -> dict[str, float]:
        """Return a pipe of this size as a loop's settings describe it."""
        content = {
            "length_m": round(length_m, 1),
            "inner_diameter_m": round(self.inner_m, 4),
            "wall_thickness_m": round(self.wall_m, 4),
            "wall_heat_capacity_kj_per_m3k": self.wall_kj_per_m3k,
            "insulation_thickness_m": round(self.insulation_m, 4),
            "insulation_w_per_mk": self.insulation_w_per_mk,
            "roughness_mm": self.roughness_mm,
        }
        PipeConfig.model_validate(content)
        return content


@cache
def pipes(kind: str) -> tuple[Size, ...]:
    """Return the sizes of a kind of pipe, smallest first.

    Raises
    ------
    InputError
        If the catalogue has no such kind.
    """
    content = families()
    if kind not in content:
        raise InputError(
            Problem(
                "no such kind of pipe",
                value=kind,
                suggestion=did_you_mean(kind, content) or f"There are: {', '.join(content)}",
            )
        )
    made = content[kind]
    return tuple(
        Size(
            dn=one.dn,
            inner_m=one.inner_m,
            wall_m=one.wall_m,
            insulation_m=one.insulation_m,
            roughness_mm=made.roughness_mm,
            wall_kj_per_m3k=made.wall_kj_per_m3k,
            insulation_w_per_mk=made.insulation_w_per_mk,
        )
        for one in made.sizes
        if one.gap_m is None  # two pipes in one casing are no single pipe
    )


def smallest(kind: str, flow_kg_s: float, gradient_pa_per_m: float) -> Size:
    """Return the smallest pipe that loses no more pressure per metre than allowed.

    Parameters
    ----------
    kind : str
        A kind of the catalogue.
    flow_kg_s : float
        Flow in the worst hour [kg/s].
    gradient_pa_per_m : float
        Largest loss of pressure [Pa/m].

    Raises
    ------
    InputError
        If the largest size is too small.
    """
    for size in pipes(kind):
        if size.gradient_pa_per_m(flow_kg_s) <= gradient_pa_per_m:
            return size
    largest = pipes(kind)[-1]
    raise InputError(
        Problem(
            f"{flow_kg_s:.0f} kg/s lose {largest.gradient_pa_per_m(flow_kg_s):.0f} Pa/m even in "
            f"the largest {kind} pipe, {largest.dn}",
            key="--gradient_pa_per_m",
            value=gradient_pa_per_m,
            suggestion="Allow more, let the water differ by more kelvins (--spread_k), or connect "
            "fewer buildings",
        )
    )


@dataclass(frozen=True)
class Use:
    """What a building is used for.

    Attributes
    ----------
    name : str
        Name in the table of uses.
    described_as : str or None
        Use in a district's description; None for buildings without heating and cooling.
    floors : float
        Floors, where the map does not say.
    stands_in_for : str or None
        What the description's use only stands for; None where it is what the map says.
    """

    name: str
    described_as: str | None
    floors: float
    stands_in_for: str | None


@dataclass(frozen=True)
class UseTable:
    """The table of uses.

    Attributes
    ----------
    uses : dict
        Uses by name.
    by_tag : dict
        Uses by key and value of the map; the value ``any`` stands for all.
    settings : dict
        The table's other entries.
    """

    uses: dict[str, Use]
    by_tag: dict[str, dict[str, Use]]
    settings: dict[str, Any]

    def find(self, key: str, value: str) -> Use | None:
        """Return the use that a tag stands for, if it is known."""
        known = self.by_tag.get(key, {})
        return known.get(value) or known.get("any")


@cache
def use_table() -> UseTable:
    """Return the table of uses."""
    content = _content("uses.yaml")
    uses: dict[str, Use] = {}
    by_tag: dict[str, dict[str, Use]] = {}
    for name, told in content.pop("uses").items():
        stand_in = told.get("stands_in_for")
        use = Use(name, told["described_as"], float(told["floors"]), stand_in)
        uses[name] = use
        for key in told.keys() - {"described_as", "floors", "stands_in_for"}:
            by_tag.setdefault(key, {}).update(dict.fromkeys(told[key], use))
    return UseTable(uses, by_tag, content)


def _content(name: str) -> dict[str, Any]:
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return parse_settings(text, name)
