"""Costs by default, worked out anew from the numbers that their sources print."""

from __future__ import annotations

import pytest

from anello.district.costs import catalogue

# Eurostat, harmonised index of consumer prices, as PyPSA/technology-data 0.13 uses it.
EUR_2020_PER_EUR_2015 = 1.0582
GROSS_PER_NET = 1.11  # heating values of natural gas

PRINTED = {
    # Danish Energy Agency, sheet 40: 0.951 M€ per MJ/s, prices of 2015
    ("central_heat_pump", "capital_eur_per_kw"): 951.4 * EUR_2020_PER_EUR_2015,
    # 2,000 €/(MJ/s) a year of 951,400, and 2.19 €/MWh over 3,000 hours
    ("central_heat_pump", "maintenance_share_per_year"): (2.0 + 2.19 * 3.0) / 951.4,
    # sheet 41, 10/15 kV and more than 10 MW: 0.07 M€/MW and 1,070 €/(MW a), prices of 2015
    ("backup_heater", "capital_eur_per_kw"): 70.0 * EUR_2020_PER_EUR_2015,
    ("backup_heater", "maintenance_share_per_year"): 1.07 / 70.0,
    # Individual Heating Installations, sheet 207.6: 75,000 € for 160 kW
    ("air_source_heat_pump", "capital_eur_per_kw"): 75_000 / 160,
    # Schüppler et al. (2019): 1.3 million € for 963 m³/h; half as much again as 3.0 MW of chillers
    ("wells", "capital_eur_per_kg_s"): 1.3e6 / (963 / 3.6),
    ("air_cooled_chiller", "capital_eur_per_kw"): 1.3e6 / 1.5 / 3000,
    ("chiller", "capital_eur_per_kw"): 1.3e6 / 1.5 / 3000,
    # Persson and Werner (2011), outer city areas
    ("pipes", "capital_eur_per_m"): 214.0,
    ("pipes", "capital_eur_per_m2"): 1725.0,
    # IPCC (2006): 56.1 kg/GJ of the lower heating value; sheet 202: 97 % of it
    ("gas", "co2_kg_per_kwh"): 56.1 * 3.6e-3 / GROSS_PER_NET,
    ("gas_boiler", "efficiency"): 0.97 / GROSS_PER_NET,
    # Danish Energy Agency, Energy Storage, sheet 180, of 2020: 247 €/kWh, 287 €/kW for 0.35 kW
    ("battery", "capital_eur_per_kwh"): 247 + 0.35 * 287,
}


@pytest.mark.parametrize(("name", "key"), PRINTED)
def test_a_cost_is_what_its_source_prints(name: str, key: str) -> None:
    assert catalogue()[name][key] == pytest.approx(PRINTED[name, key], rel=0.02)


@pytest.mark.parametrize("name", ["central_heat_pump", "backup_heater"])
def test_prices_are_of_the_year_that_is_told(name: str) -> None:
    assert catalogue()[name]["year"] == 2020
