"""Descriptions elsewhere: weather files in their form, seasons and loads that fit the place."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
import pytest

from anello.district import load_district, write_district
from anello.district.config import parse_district
from anello.district.seasons import running_mean_degc
from anello.district.synthesis import synthesise
from anello.errors import ConfigError, InputError

# Latitude, longitude, altitude, zone; annual mean and amplitude of the air, coldest day.
OSLO = (59.9, 10.75, 23, 1, 6.5, 11.5, 20)
CAPE_TOWN = (-33.9, 18.4, 42, 2, 16.9, 4.5, 200)
NAIROBI = (-1.3, 36.8, 1661, 3, 19.0, 1.5, 200)
PLACES = {"oslo": OSLO, "cape_town": CAPE_TOWN, "nairobi": NAIROBI}


def epw(place: tuple, path: Path, year: int = 2015, changes=None) -> Path:
    """Write a year of made-up weather in the form of an EPW file."""
    latitude, longitude, altitude, zone, mean, amplitude, coldest = place
    index = pd.date_range(f"{year}-01-01", f"{year}-12-31 23:00", freq="h")
    utc = index.tz_localize(f"Etc/GMT{-zone:+d}")
    where = pvlib.location.Location(latitude, longitude, utc.tz, altitude)
    clear = where.get_clearsky(utc + pd.Timedelta("30min"), model="haurwitz")["ghi"].to_numpy()
    sun = where.get_solarposition(utc + pd.Timedelta("30min"))
    ghi = 0.7 * clear
    parts = pvlib.irradiance.erbs(ghi, sun["zenith"].to_numpy(), index)
    day = index.dayofyear.to_numpy()
    season = -np.cos(2 * np.pi * (day - coldest) / 365)
    swing = np.sin(2 * np.pi * (index.hour.to_numpy() - 9) / 24)
    columns = {
        "temp": mean + amplitude * season + 4.0 * swing + 2.0 * np.sin(day * 1.7),
        "ghi": ghi,
        "dni": np.nan_to_num(np.asarray(parts["dni"])),
        "dhi": np.nan_to_num(np.asarray(parts["dhi"])),
    }
    for name, (start, stop, value) in (changes or {}).items():
        columns[name][start:stop] = value
    head = f"LOCATION,Place,-,XXX,made up,999999,{latitude},{longitude},{zone},{altitude}\n"
    rows = [head, *(f"LINE {n}\n" for n in range(7))]
    for k, time in enumerate(index):
        values = ["0"] * 35
        values[:5] = [str(year), str(time.month), str(time.day), str(time.hour + 1), "60"]
        values[6], values[7], values[8], values[9] = (
            f"{columns['temp'][k]:.1f}",
            "5.0",
            "60",
            "101000",
        )
        values[13], values[14] = f"{columns['ghi'][k]:.0f}", f"{columns['dni'][k]:.0f}"
        values[15], values[21] = f"{columns['dhi'][k]:.0f}", "2.5"
        rows.append(",".join(values) + "\n")
    path.write_text("".join(rows), encoding="utf-8")
    return path


def described(place: tuple, file: Path, **weather):
    """A small district there."""
    latitude, longitude, altitude, zone, *_ = place
    return parse_district(
        {
            "site": {
                "latitude_deg": latitude,
                "longitude_deg": longitude,
                "altitude_m": altitude,
                "utc_offset_hours": zone,
                "country": "NO" if latitude > 0 else "ZA",
            },
            "weather": {"source": "epw", "file": str(file), **weather},
            "locations": {
                "town": {
                    "buildings": [
                        {"use": "residential", "floor_area_m2": 2000, "insulation": "average"}
                    ]
                }
            },
        }
    )


def monthly(values: np.ndarray) -> np.ndarray:
    """Sums over twelve parts of the year."""
    return np.array([part.sum() for part in np.array_split(values, 12)])


@pytest.mark.parametrize("name", PLACES)
def test_loads_follow_the_site(name, tmp_path):
    place = PLACES[name]
    series = synthesise(described(place, epw(place, tmp_path / "w.epw")))
    air = series.weather.temperature_degc
    demand = series.locations["town"].demand_kw
    heating = demand.get("heating", np.zeros(8760))
    cooling = demand.get("cooling", np.zeros(8760))
    # Degree-days below 15 °C in days when buildings may not be heated.
    daily = air.reshape(-1, 24).mean(axis=1)
    cold = np.maximum(15.0 - daily, 0.0)
    off = running_mean_degc(air)[::24] > 18.0
    assert cold[off].sum() <= 0.01 * cold.sum()
    # Nothing on the wrong side of the year.
    warmest, coldest = monthly(air).argmax(), monthly(air).argmin()
    if heating.sum() > 0:
        assert monthly(heating)[warmest] <= 0.02 * heating.sum()
        assert monthly(heating).argmax() in {(coldest + k) % 12 for k in (-1, 0, 1)}
    if cooling.sum() > 0:
        assert monthly(cooling)[coldest] <= 0.1 * cooling.sum()
    specific = {"oslo": (60, 200), "cape_town": (3, 60), "nairobi": (0, 10)}[name]
    assert specific[0] <= heating.sum() / 2000 <= specific[1]
    assert heating.max() * 1000 / 2000 <= 90.0
    assert demand["dhw"].sum() > 0
    assert demand["electricity"].sum() / 2000 == pytest.approx(30, abs=20)


@pytest.mark.parametrize(
    ("change", "column"), [(("temp", 99.9), "temp_air"), (("ghi", 9999.0), "ghi")]
)
def test_sentinels_are_gaps(change, column, tmp_path):
    name, value = change
    clean = epw(OSLO, tmp_path / "clean.epw")
    holed = epw(OSLO, tmp_path / "holed.epw", changes={name: (24, 48, value)})
    with pytest.raises(InputError, match=rf"{column}.*24 hours have no value: 02 Jan 00:00"):
        synthesise(described(OSLO, holed))
    mended = synthesise(described(OSLO, holed, gaps="repair")).weather
    whole = synthesise(described(OSLO, clean)).weather
    assert np.abs(mended.temperature_degc - whole.temperature_degc).max() < 8.0
    assert mended.ghi_w_m2.max() < 1200.0


def test_a_file_in_another_zone_is_refused(tmp_path):
    other = (*OSLO[:3], 2, *OSLO[4:])
    with pytest.raises(InputError, match=r"UTC\+2 h, the site in UTC\+1 h"):
        synthesise(described(OSLO, epw(other, tmp_path / "w.epw")))


def test_a_leap_day_is_left_out(tmp_path, caplog):
    series = synthesise(described(OSLO, epw(OSLO, tmp_path / "w.epw", year=2016)))
    assert len(series.weather.temperature_degc) == 8760
    assert "29 February is left out" in caplog.text


def test_milans_weather_is_not_taken_for_oslo():
    with pytest.raises(ConfigError, match="describes Milan"):
        load_district(changes={"site": {"latitude_deg": 59.9}})


def test_prices_by_time_of_use_alone_are_the_price(tmp_path):
    bands = {"peak_eur_per_kwh": 0.5, "shoulder_eur_per_kwh": 0.4, "offpeak_eur_per_kwh": 0.1}
    content = load_district().model_dump(mode="json", exclude={"folder"})
    content["tariffs"] = bands
    folder = write_district(parse_district(content), tmp_path / "model").model.parent
    techs = (folder / "model_config" / "techs.yaml").read_text(encoding="utf-8")
    assert "om_prod: file=tariff_time_of_use.csv" in techs
    content["tariffs"] = {"peak_eur_per_kwh": 0.5}
    with pytest.raises(ConfigError, match="needs peak_eur_per_kwh, shoulder_eur_per_kwh"):
        parse_district(content)


@pytest.mark.parametrize(
    ("charge", "message"),
    [
        (-3, "greater than or equal to 0"),
        (math.nan, "finite number"),
        (math.inf, "finite number"),
        ("8", r"a number \(value: '8'\)\. Write it without quotes: `8`"),
        (True, "should be a number"),
        (None, "should be a number"),
    ],
)
@pytest.mark.parametrize("key", ["tariffs.demand_charge_eur_per_kw_month", "costs.gas"])
def test_a_price_is_a_finite_number(charge: object, message: str, key: str) -> None:
    part, name = key.split(".")
    changes = {part: {name: {"price_eur_per_kwh": charge} if name == "gas" else charge}}
    if charge is None and name == "gas":
        assert load_district(changes=changes).costs.gas.price_eur_per_kwh is None
        return
    with pytest.raises(ConfigError, match=message) as told:
        load_district(changes=changes)
    assert key in str(told.value)


def test_baseline_and_tanks_give_the_same_comfort():
    content = load_district().model_dump(mode="json", exclude={"folder"})
    tank = {"volume_m3": 50, "temperature_min_degc": 50, "temperature_max_degc": 60}
    content["locations"]["buildings"]["tanks"]["dhw"] = tank
    with pytest.raises(ConfigError, match="the same comfort"):
        parse_district(content)
    del content["supply"]["dhw_degc"]
    assert parse_district(content).supply_degc("dhw") == 55.0
