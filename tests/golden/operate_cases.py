"""Golden cases of mode `operate`: golden models with capacities given, rolled over three days."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MODELS = Path(__file__).parent / "models"
THREE_DAYS = ["2019-03-04", "2019-03-06"]


@dataclass(frozen=True)
class OperateCase:
    """A golden model, what `operate` needs beside it, and how its windows are cut.

    Attributes
    ----------
    name : str
        Name in the record.
    model : str
        Golden model.
    scenario : str or None
        Its override.
    settings : dict
        More settings, for oracle and anello alike.
    window, horizon : int
        Lengths [h].
    compat : bool
        Whether anello must be told to copy Calliope 0.6: stores without loss between windows, last
        windows that look no further than themselves.
    """

    name: str
    model: str
    scenario: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    window: int = 24
    horizon: int = 48
    compat: bool = False

    @property
    def path(self) -> Path:
        """The YAML file."""
        return MODELS / f"{self.model}.yaml"

    def overrides(self) -> dict[str, Any]:
        """All settings beside the model's file."""
        return {
            "model.subset_time": THREE_DAYS,
            "run.mode": "operate",
            "run.operation": {"window": self.window, "horizon": self.horizon},
            **self.settings,
        }


BATTERY = "techs.battery.constraints"
LOSSLESS = {f"{BATTERY}.storage_loss": 0, f"{BATTERY}.storage_initial": 0.4}
# Without any energy_cap_max the oracle stops; with one energy_cap_equals it forgets all maxima.
LARGE_GRID = {"techs.grid.constraints.energy_cap_max": 1000}
ENGINES = {
    **LARGE_GRID,
    "techs.engine.constraints.energy_cap_max": 52,
    f"{BATTERY}.energy_cap_max": 12,
    "techs.engine.constraints.units_min": 0,
    f"{BATTERY}.storage_cap_max": 27,
    f"{BATTERY}.units_min": 0,
}
EQUALS = {
    "techs.engine.constraints.energy_cap_equals": 25,
    "locations.north.techs.grid.constraints.energy_cap_equals": 58,
    f"{BATTERY}.storage_loss": 0,
}
DISTRICT = {
    "techs.boiler.constraints.energy_cap_max": 90,
    # Unlimited stores are a spring of energy to the oracle.
    f"{BATTERY}.storage_cap_max": 40,
    f"{BATTERY}.storage_loss": 0,
}
CASES = [
    OperateCase("storage", "storage", None, LOSSLESS),
    OperateCase("storage-short_last", "storage", None, LOSSLESS, 20, 30),
    OperateCase("storage-one_window", "storage", None, LOSSLESS, 72, 72),
    OperateCase("storage-no_look_ahead", "storage", None, LOSSLESS, 12, 12),
    OperateCase("storage-long_horizon", "storage", None, LOSSLESS, 12, 60, compat=True),
    OperateCase(
        "storage-loss", "storage", None, {f"{BATTERY}.storage_initial": 0.7}, 18, 36, compat=True
    ),
    OperateCase("storage-discharge_depth", "storage", "discharge_depth", compat=True),
    # An empty store would be carried over as −4e-16 kWh, at which the oracle stops.
    OperateCase("supply_plus_store", "supply_plus_store", "not_cyclic", {}, 36, 60, compat=True),
    OperateCase(
        "units", "milp_units", None, {"techs.engine.costs.monetary.om_prod": 0.12, **ENGINES}
    ),
    OperateCase("units-export", "milp_units", "export", ENGINES),
    OperateCase("ramping", "ramping", None, {}, 9, 18, compat=True),
    OperateCase("ramping-storage", "ramping", "storage", {}, 9, 18, compat=True),
    OperateCase("transmission", "transmission"),
    OperateCase("chp-export", "conversion_plus_chp", "export"),
    OperateCase("wind_per_capacity", "supply_per_cap"),
    OperateCase("forced", "supply_forced", None, LARGE_GRID),
    OperateCase("feasibility", "feasibility"),
    OperateCase("two_hour_steps", "steps_2h", None, EQUALS, compat=True),
    OperateCase(
        "limit_in_each_horizon",
        "group_carrier_prod",
        None,
        {
            **DISTRICT,
            "group_constraints.import": {
                "techs": ["grid"],
                "carrier_prod_max.electricity": 1900,
            },
        },
    ),
]
