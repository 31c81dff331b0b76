"""EPW and PVGIS-TMY files take the generator's place, with the sun where it belongs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pvlib.location import Location

from anello.district import load_district, synthesise
from anello.district.buildings import Roof
from anello.district.photovoltaics import photovoltaics_kw
from anello.district.weather import WeatherYear, weather_year
from anello.errors import InputError


def _epw(path: Path, weather: WeatherYear, latitude: float = 45.46) -> None:
    """Write the weather in EPW's columns; hours are numbered 1 to 24 and labelled by their end."""
    lines = [f"LOCATION,Milan,-,ITA,synthetic,0,{latitude},9.19,1.0,120.0"]
    lines += ["DESIGN CONDITIONS,0"] * 7
    rows = zip(
        weather.index,
        weather.temperature_degc,
        weather.ghi_w_m2,
        weather.dni_w_m2,
        weather.dhi_w_m2,
        strict=True,
    )
    for stamp, temperature, ghi, dni, dhi in rows:
        cells = [2001, stamp.month, stamp.day, stamp.hour + 1, 60, "?", f"{temperature:.2f}"]
        cells += [5, 60, 100000, 0, 0, 300, f"{ghi:.2f}", f"{dni:.2f}", f"{dhi:.2f}"]
        cells += [0] * 5 + ["2.5"] + [0] * 13
        lines.append(",".join(str(cell) for cell in cells))
    path.write_text("\n".join(lines) + "\n")


def _tmy(path: Path, weather: WeatherYear) -> None:
    """Write the weather as PVGIS does, in UTC: the first row is the site's second hour."""
    lines = ["Latitude (decimal degrees): 45.460", "Longitude (decimal degrees): 9.190"]
    lines += ["Elevation (m): 120.0", "month,year", *(f"{m},2010" for m in range(1, 13))]
    lines.append("time(UTC),T2m,RH,G(h),Gb(n),Gd(h),IR(h),WS10m,WD10m,SP")
    columns = (weather.temperature_degc, weather.ghi_w_m2, weather.dni_w_m2, weather.dhi_w_m2)
    in_utc = [np.roll(values, -1) for values in columns]
    for stamp, temperature, ghi, dni, dhi in zip(weather.index, *in_utc, strict=True):
        lines.append(
            f"2010{stamp:%m%d:%H00},{temperature:.2f},60,{ghi:.2f},{dni:.2f},{dhi:.2f},300,2.5,90,1e5"
        )
    path.write_text("\r\n".join(lines) + "\r\n")


@pytest.fixture(scope="module")
def generated() -> WeatherYear:
    return weather_year(load_district())


@pytest.mark.parametrize("source", ["epw", "pvgis_tmy"])
def test_a_weather_file_gives_the_weather_it_holds(
    tmp_path: Path, generated: WeatherYear, source: str
) -> None:
    file = tmp_path / ("year.epw" if source == "epw" else "year.csv")
    (_epw if source == "epw" else _tmy)(file, generated)
    config = load_district(changes={"weather": {"source": source, "file": str(file)}})
    read = weather_year(config)
    assert np.allclose(read.temperature_degc, generated.temperature_degc, atol=0.01)
    assert np.allclose(read.ghi_w_m2, generated.ghi_w_m2, atol=0.01)
    assert (read.wind_m_s == 2.5).all()
    series = synthesise(config).locations["buildings"]
    assert series.demand_kw["heating"].sum() / 1000 == pytest.approx(1168.0, rel=0.02)


@pytest.mark.parametrize("zone", [1.0, 0.5])
def test_irradiance_of_an_instant_is_brought_to_the_middle_of_its_hour(
    tmp_path: Path, generated: WeatherYear, zone: float
) -> None:
    """PVGIS 5.3 sees the sun 0.1761 h into the hour, and writes hours of UTC.

    Against clear skies of the instant (Ineichen and Perez) at the middle of each hour of the site.
    """
    place = Location(45.46, 9.19, altitude=120.0)

    def clear_sky(first: str) -> dict[str, np.ndarray]:
        times = pd.date_range(first, periods=8760, freq="h", tz="UTC")
        sky = place.get_clearsky(times, linke_turbidity=3.5)
        return {name: sky[name].to_numpy() for name in ("ghi", "dni", "dhi")}

    seen = clear_sky("2015-01-01 00:10:34")
    file = tmp_path / "year.csv"
    shown = replace(
        generated, **{f"{name}_w_m2": np.roll(values, 1) for name, values in seen.items()}
    )
    _tmy(file, shown)
    head = "month,year"
    text = file.read_text().replace(head, f"Irradiance Time Offset (h): 0.1761\n{head}", 1)
    file.write_text(text)
    changes = {
        "weather": {"source": "pvgis_tmy", "file": str(file)},
        "site": {"utc_offset_hours": zone},
    }
    read = weather_year(load_district(changes=changes))
    minutes = pd.Timestamp("2015-01-01 00:30:00") - pd.Timedelta(hours=zone)
    exact = clear_sky(str(minutes))["ghi"]
    # A straight line cuts the corner of each noon; 19 minutes too early are five times as much.
    error = np.sqrt(np.mean((read.ghi_w_m2 - exact) ** 2))
    assert error < 8.0
    east, west = (
        float(photovoltaics_kw([Roof(peak_kw=1.0, tilt_deg=40.0, azimuth_deg=side)], read).sum())
        for side in (90.0, 270.0)
    )
    assert east == pytest.approx(west, rel=0.02)


def test_a_relative_path_starts_at_the_description(tmp_path: Path, generated: WeatherYear) -> None:
    _epw(tmp_path / "year.epw", generated)
    (tmp_path / "own.yaml").write_text(
        "weather: {source: epw, file: year.epw}\n"
        "locations: {a: {buildings: [{use: office, floor_area_m2: 500}]}}\n"
    )
    assert weather_year(load_district(tmp_path / "own.yaml")).wind_m_s[0] == 2.5


def test_weather_from_elsewhere_is_refused(tmp_path: Path, generated: WeatherYear) -> None:
    _epw(tmp_path / "year.epw", generated, latitude=60.2)
    config = load_district(changes={"weather": {"source": "epw", "file": f"{tmp_path}/year.epw"}})
    with pytest.raises(InputError, match=r"60\.2 N"):
        weather_year(config)


def test_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "year.csv").write_text("time,temperature\n1,2\n")
    weather = {"source": "pvgis_tmy", "file": f"{tmp_path}/year.csv"}
    with pytest.raises(InputError, match="Not a weather file of this format"):
        weather_year(load_district(changes={"weather": weather}))


def test_hours_without_a_value_are_refused(tmp_path: Path, generated: WeatherYear) -> None:
    holed = generated.temperature_degc.copy()
    holed[100] = np.nan
    year = WeatherYear(
        generated.index,
        holed,
        generated.ghi_w_m2,
        generated.dni_w_m2,
        generated.dhi_w_m2,
        generated.wind_m_s,
        generated.sun,
    )
    _epw(tmp_path / "year.epw", year)
    config = load_district(changes={"weather": {"source": "epw", "file": f"{tmp_path}/year.epw"}})
    with pytest.raises(InputError, match="1 hours have no value"):
        weather_year(config)
