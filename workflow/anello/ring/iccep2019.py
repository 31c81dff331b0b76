"""The ring of the ICCEP 2019 study as its authors ran it.

Ring of 3,000,000 kg, 15 °C at the start and after every reset, bounds 10 and 20 °C:
T_next = T + 3600·ΣQ/(cp·M), ΣQ = −Σq_heat·(1 − 1/COP) + Σq_cool·(1 + 1/COP) with the COP of the
dispatch; a ring that leaves its bounds restarts at 15 °C. Del Pero et al. (2019), "Modelling of an
integrated multi-energy system for a nearly Zero Energy Smart District", ICCEP.
"""

from __future__ import annotations

from typing import Any, Literal

from anello.ring.config import RingConfig

START_COP = {"dhw": 3.35, "heating": 4.6, "cooling": 7.0}
"""COP of iteration 0 by service [-]."""

TECHNOLOGIES = {"hp_dhw": "dhw", "hp_clim_hot": "heating", "hp_clim_cold": "cooling"}
"""The study's heat pumps and their services."""

_STORE = {
    "hp_dhw": {"store": "tes_dhw", "t_min_degc": 40.0, "kwh_per_k": 186.04},
    "hp_clim_hot": {
        "store": "tes_sh",
        "t_min_degc": 25.0,
        "kwh_per_k": 372.09,
        "kwh_per_k_by_location": {"commercial": 139.53},
    },
    "hp_clim_cold": {
        "store": "tes_co",
        "direction": "cold",
        "t_min_degc": 5.0,
        # ASSUME: the study names no temperature for an empty cold store; 2,791 kWh at 372.09 kWh/K
        # above 5 °C gives 12.5 °C. Only read when `cold_store_warm_when_full` is off.
        "t_max_degc": 12.5,
        "kwh_per_k": 372.09,
        "kwh_per_k_by_location": {"commercial": 139.53},
    },
}
_FIXED_DEGC = {"hp_dhw": 45.0, "hp_clim_hot": 35.0, "hp_clim_cold": 13.0}


def iccep2019_ring(scenario: Literal["smart", "baseline"], **changes: Any) -> RingConfig:
    """Return the study's ring.

    Parameters
    ----------
    scenario : {"smart", "baseline"}
        With stores whose temperature follows their level, or with fixed use temperatures.
    **changes
        Settings of `RingConfig` to replace, for example ``oddities={"reset_at_bounds": False}``.

    Returns
    -------
    RingConfig
        Settings in `mode: iccep2019`.
    """
    pumps = {
        technology: {
            "service": service,
            "cop_map": {"kind": "iccep2019"},
            "use_temperature": {"kind": "store", **_STORE[technology]}
            if scenario == "smart"
            else {"kind": "fixed", "degc": _FIXED_DEGC[technology]},
        }
        for technology, service in TECHNOLOGIES.items()
    }
    return RingConfig.model_validate(
        {
            "mode": "iccep2019",
            "heat_pumps": pumps,
            "initial_degc": 15.0,
            "bounds_degc": (10.0, 20.0),
            "water": {"mass_kg": 3.0e6},
            **changes,
        }
    )
