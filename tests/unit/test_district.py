"""The embedded district has the published totals and peaks, and comes out the same every time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anello.district import (
    load_district,
    parse_district,
    synthesise,
    write_district,
)
from anello.district.calibration import fit
from anello.district.config import Target
from anello.district.model_folder import DistrictFolder, start_cop
from anello.district.synthesis import time_of_use_eur_per_kwh
from anello.district.weather import spell_shift, weather_year
from anello.errors import ConfigError, InputError
from anello.model.definition import read_model

# location, file, annual total [MWh], peak [kW]: published with the ICCEP 2019 study
PUBLISHED = [
    ("buildings", "demand_dhw.csv", 1571.9, 450.7),
    ("buildings", "demand_heating.csv", 1168.0, 1120.0),
    ("commercial", "demand_heating.csv", 151.0, 353.0),
    ("buildings", "demand_cooling.csv", 2253.3, 2912.0),
    ("commercial", "demand_cooling.csv", 915.4, 1434.0),
    ("commercial", "demand_electricity.csv", 546.8, 197.5),
]


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> DistrictFolder:
    return write_district(load_district(), tmp_path_factory.mktemp("district") / "model")


def _column(district: DistrictFolder, file: str, location: str) -> pd.Series:
    table = pd.read_csv(district.series_folder / file, index_col=0, parse_dates=True)
    return table[location]


@pytest.mark.parametrize(("location", "file", "total_mwh", "peak_kw"), PUBLISHED)
def test_demand_has_the_published_total_and_peak(
    district: DistrictFolder, location: str, file: str, total_mwh: float, peak_kw: float
) -> None:
    demand = _column(district, file, location)
    assert (demand <= 0).all()
    assert -demand.sum() / 1000 == pytest.approx(total_mwh, rel=0.02)
    assert -demand.min() == pytest.approx(peak_kw, rel=0.10)


@pytest.mark.parametrize(
    ("location", "installed_kw", "total_mwh", "peak_kw"),
    [("buildings", 1440, 1538, 1181), ("commercial", 540, 577, 443)],
)
def test_photovoltaics_have_the_published_total_and_peak(
    district: DistrictFolder, location: str, installed_kw: float, total_mwh: float, peak_kw: float
) -> None:
    power = installed_kw * _column(district, "solar_resource.csv", location)
    assert power.sum() / 1000 == pytest.approx(total_mwh, rel=0.02)
    assert power.max() == pytest.approx(peak_kw, rel=0.10)
    assert power.min() == 0


def test_every_file_has_the_hours_of_one_year(district: DistrictFolder) -> None:
    files = sorted(district.series_folder.glob("*.csv"))
    assert len(files) == 13
    for file in files:
        table = pd.read_csv(file, index_col=0, parse_dates=True)
        assert len(table) == 8760
        assert (np.diff(table.index) == np.timedelta64(1, "h")).all()
        assert table.notna().all(axis=None)


def test_the_fit_bends_the_computed_series_only_a_little() -> None:
    """Totals computed before the fit lie within a factor of two of the published ones."""
    content = load_district().model_dump(mode="json", exclude={"folder"})
    for place in content["locations"].values():
        place["targets"] = {}
    computed = synthesise(parse_district(content))
    fitted = synthesise(load_district())
    for name, place in computed.locations.items():
        for service, demand in place.demand_kw.items():
            ratio = fitted.locations[name].demand_kw[service].sum() / demand.sum()
            assert 0.5 < ratio < 2, (name, service, ratio)


def test_heating_is_for_winter_and_cooling_for_summer(district: DistrictFolder) -> None:
    for location in ("buildings", "commercial"):
        heating = -_column(district, "demand_heating.csv", location)
        cooling = -_column(district, "demand_cooling.csv", location)
        summer = heating.index.month.isin([6, 7, 8])
        winter = heating.index.month.isin([12, 1, 2])
        assert heating[summer].sum() == 0
        assert heating[winter].sum() > 0.8 * heating.sum()
        assert cooling[winter].sum() < 0.01 * cooling.sum()
        assert cooling[summer].sum() > 0.6 * cooling.sum()


@pytest.mark.parametrize(
    ("original", "own", "location"),
    [
        ("demand_sh.csv", "demand_heating.csv", "buildings"),
        ("demand_sh.csv", "demand_heating.csv", "commercial"),
        ("demand_co.csv", "demand_cooling.csv", "buildings"),
        ("demand_co.csv", "demand_cooling.csv", "commercial"),
        ("solar_resource.csv", "solar_resource.csv", "buildings"),
    ],
)
def test_months_resemble_those_of_the_original_district(
    district: DistrictFolder, iccep2019: Path, original: str, own: str, location: str
) -> None:
    file = iccep2019 / "smart" / "timeseries_data" / original
    there = pd.read_csv(file, index_col=0, parse_dates=True)[location].abs()
    there = there.where(there < 1e5)  # one value lost its decimal point
    here = _column(district, own, location).abs()
    months = [series.groupby(series.index.month).sum() for series in (there, here)]
    assert np.corrcoef(*months)[0, 1] > 0.9


def test_the_same_description_gives_the_same_bytes(
    district: DistrictFolder, tmp_path: Path
) -> None:
    again = write_district(load_district(), tmp_path / "again")
    assert _checksums(again.model.parent) == _checksums(district.model.parent)


def test_another_seed_gives_another_year_with_the_same_totals() -> None:
    one = synthesise(load_district()).locations["buildings"]
    other = synthesise(load_district(changes={"seed": 7})).locations["buildings"]
    assert not np.array_equal(one.demand_kw["heating"], other.demand_kw["heating"])
    assert other.demand_kw["heating"].sum() == pytest.approx(one.demand_kw["heating"].sum())


def _checksums(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.mark.parametrize(
    ("scenario", "storage"),
    [
        ("baseline", set()),
        ("smart", {"tes_dhw", "tes_heating", "tes_cooling"}),
        ("smart_battery", {"tes_dhw", "tes_heating", "tes_cooling", "battery"}),
        ("smart_time_of_use", {"tes_dhw", "tes_heating", "tes_cooling"}),
        ("smart_export", {"tes_dhw", "tes_heating", "tes_cooling"}),
    ],
)
def test_every_scenario_is_a_readable_model(
    district: DistrictFolder, scenario: str, storage: set[str]
) -> None:
    day = {"model.subset_time": ["2015-07-01", "2015-07-01"]}
    data = read_model(district.model, scenario, day)
    stores = data.inputs.node_tech[data.inputs.node_base == "storage"]
    assert set(stores.values) == storage
    assert data.warnings == []


def test_heat_pumps_can_meet_every_peak(district: DistrictFolder) -> None:
    data = read_model(district.model, "baseline")
    for location, file, _, _ in PUBLISHED[:-1]:
        service = file.removeprefix("demand_").removesuffix(".csv")
        power = data.inputs.energy_cap_equals.sel(node=f"{location}::hp_{service}")
        assert float(power) >= -_column(district, file, location).min()


def test_a_folder_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="something else"):
        write_district(load_district(), tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_writing_again_replaces_the_folder_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_district(load_district(), tmp_path / "model")
    (tmp_path / "model" / "stale.csv").write_text("old")
    write_district(load_district(), tmp_path / "model")
    assert not (tmp_path / "model" / "stale.csv").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_start_cop_is_that_of_the_nominal_temperatures() -> None:
    cop = start_cop(load_district())
    assert cop["dhw"] == pytest.approx(3.747)
    assert cop["heating"] == pytest.approx(4.642)
    assert cop["cooling"] == pytest.approx(6.81 - 0.121 * 8 + 0.00063 * 64 - 1)


# --- weather ------------------------------------------------------------------------------------


def test_the_weather_is_that_of_the_po_valley() -> None:
    weather = weather_year(load_district())
    monthly = pd.Series(weather.temperature_degc, weather.index).groupby(weather.index.month).mean()
    assert monthly[1] == pytest.approx(3.0, abs=2.5)
    assert monthly[7] == pytest.approx(25.5, abs=2.5)
    assert weather.temperature_degc.mean() == pytest.approx(14.0, abs=1.0)
    assert weather.ghi_w_m2.sum() / 1000 == pytest.approx(1300, rel=0.08)  # kWh/m2 a year


def test_irradiance_is_consistent() -> None:
    weather = weather_year(load_district())
    night = weather.sun.zenith_deg > 91
    assert night.sum() > 4000
    assert (weather.ghi_w_m2[night] == 0).all()
    assert (weather.dni_w_m2 >= 0).all()
    assert (weather.dhi_w_m2 <= weather.ghi_w_m2 + 1e-9).all()
    high = weather.sun.zenith_deg < 80
    beam = weather.dni_w_m2 * np.cos(np.radians(weather.sun.zenith_deg))
    closure = weather.ghi_w_m2 - weather.dhi_w_m2 - beam
    assert np.abs(closure[high]).max() < 1.0
    assert 850 < weather.ghi_w_m2.max() < 1050


def test_the_sun_is_highest_at_true_noon() -> None:
    weather = weather_year(load_district())
    day = slice(24 * 171, 24 * 172)  # 21 June
    zenith = weather.sun.zenith_deg[day]
    # Milan, 9.19 deg east, is 23 minutes behind its standard time.
    assert int(np.argmin(zenith)) == 12
    assert zenith.min() == pytest.approx(45.46 - 23.44, abs=0.5)


def test_clear_sky_index_reaches_its_monthly_means() -> None:
    cloudy = {"weather": {"clear_sky_index": [0.3] * 12}}
    clear = {"weather": {"clear_sky_index": [0.9] * 12}}
    low = weather_year(load_district(changes=cloudy)).ghi_w_m2.sum()
    high = weather_year(load_district(changes=clear)).ghi_w_m2.sum()
    assert low / high == pytest.approx(1 / 3, rel=0.1)


def test_a_spell_warms_just_its_days() -> None:
    index = pd.date_range("2015-01-01", periods=8760, freq="h")
    config = load_district(
        changes={"weather": {"spells": [{"start": "07-10", "days": 14, "temperature_shift_k": 6}]}}
    )
    shift = spell_shift(config.weather.spells, index)
    assert shift[(index < "2015-07-10") | (index >= "2015-07-24")].max() == 0
    assert (shift[(index >= "2015-07-11") & (index < "2015-07-23")] == 6).all()


def test_a_spell_beyond_the_year_goes_on_at_its_beginning() -> None:
    index = pd.date_range("2015-01-01", periods=8760, freq="h")
    cold = {"start": "12-28", "days": 10, "temperature_shift_k": -5}
    (spell,) = load_district(changes={"weather": {"spells": [cold]}}).weather.spells
    shift = spell_shift((spell,), index)
    within = (index >= "2015-12-29") | (index < "2015-01-06")
    assert (shift[within] == -5).all()
    assert shift[(index >= "2015-01-07") & (index < "2015-12-28")].min() == 0
    assert np.abs(np.diff(np.concatenate([shift, shift[:1]]))).max() == pytest.approx(5 / 24)


def test_a_heat_wave_adds_cooling_to_the_fitted_year() -> None:
    wave = {"weather": {"spells": [{"start": "07-10", "days": 14, "temperature_shift_k": 6}]}}
    usual = synthesise(load_district()).locations["buildings"]
    hot = synthesise(load_district(changes=wave)).locations["buildings"]
    assert hot.demand_kw["cooling"].sum() > 1.02 * usual.demand_kw["cooling"].sum()
    # Mains water is a little warmer in a year that is.
    assert np.allclose(hot.demand_kw["dhw"], usual.demand_kw["dhw"], rtol=0.02)
    january = slice(0, 24 * 31)
    assert np.allclose(hot.demand_kw["heating"][january], usual.demand_kw["heating"][january])


# --- a district of one's own --------------------------------------------------------------------

OWN = """
name: Two houses and a shop
locations:
  lane:
    buildings:
      - {use: residential, floor_area_m2: 180, count: 2, insulation: poor, occupants: 4}
      - {use: office, floor_area_m2: 300, insulation: good}
    roofs: [{peak_kw: 12}]
"""


def test_a_short_description_makes_a_complete_model(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN)
    folder = write_district(load_district(tmp_path / "own.yaml"), tmp_path / "model")
    data = read_model(folder.model, "smart", {"model.subset_time": ["2015-01-12", "2015-01-12"]})
    assert set(data.inputs.node_tech.values) == {
        "grid", "pv_rooftop", "hp_dhw", "hp_heating", "hp_cooling",
        "demand_dhw", "demand_heating", "demand_cooling", "demand_electricity",
    }  # fmt: skip
    series = folder.series.locations["lane"]
    heat_per_m2 = series.demand_kw["heating"].sum() / 660
    assert 60 < heat_per_m2 < 250  # kWh/m2 a year, an old house with a better shop


def test_better_insulation_needs_less_heat() -> None:
    heat = []
    for insulation in ("poor", "average", "good", "nzeb"):
        house = {"use": "residential", "floor_area_m2": 150, "insulation": insulation}
        own = parse_district({"locations": {"here": {"buildings": [house]}}})
        heat.append(synthesise(own).locations["here"].demand_kw["heating"].sum())
    assert heat == sorted(heat, reverse=True)
    assert heat[0] > 4 * heat[-1]


def test_every_fault_of_a_description_is_named() -> None:
    content = {
        "locations": {
            "here": {"buildings": [{"use": "residental", "floor_area_m2": -1, "isulation": "good"}]}
        },
        "yaer": 2015,
    }
    with pytest.raises(ConfigError) as raised:
        parse_district(content, "own.yaml")
    text = str(raised.value)
    assert len(raised.value.problems) == 4
    assert "Did you mean `insulation`?" in text
    assert "Did you mean `year`?" in text
    assert "locations.here.buildings.0.floor_area_m2" in text


def test_a_leap_year_is_refused() -> None:
    with pytest.raises(ConfigError, match="leap year"):
        load_district(changes={"year": 2016})


def test_a_missing_description_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_district(tmp_path / "none.yaml")


def test_a_missing_weather_file_is_named(tmp_path: Path) -> None:
    config = load_district(changes={"weather": {"source": "epw", "file": "none.epw"}})
    with pytest.raises(InputError, match="weather file does not exist"):
        write_district(config, tmp_path / "model")


# --- calibration --------------------------------------------------------------------------------


def test_the_fit_meets_total_and_peak_and_keeps_the_order() -> None:
    series = np.array([0.0, 1.0, 2.0, 5.0, 3.0] * 100)
    fitted = fit(series, Target(annual_mwh=1.5, peak_kw=10), "x")
    assert fitted.sum() == pytest.approx(1500)
    assert fitted.max() == pytest.approx(10)
    assert (fitted[series == 0] == 0).all()
    assert (np.argsort(fitted[:5]) == np.argsort(series[:5])).all()


def test_without_a_peak_the_fit_only_scales() -> None:
    series = np.array([0.0, 1.0, 3.0])
    assert fit(series, Target(annual_mwh=0.008), "x") == pytest.approx(2 * series)
    assert fit(series, None, "x") is series


@pytest.mark.parametrize("total", [1e-6, 1e6])
def test_a_target_out_of_reach_is_an_error(total: float) -> None:
    with pytest.raises(InputError, match="out of reach"):
        fit(np.array([1.0, 2.0, 3.0]), Target(annual_mwh=total, peak_kw=1), "here.heating")


# --- tariffs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time", "price"),
    [
        ("2015-01-05 10:00", 0.36),  # Monday
        ("2015-01-05 07:00", 0.30),
        ("2015-01-05 22:00", 0.30),
        ("2015-01-05 23:00", 0.24),
        ("2015-01-10 12:00", 0.30),  # Saturday
        ("2015-01-11 12:00", 0.24),  # Sunday
        ("2015-01-06 12:00", 0.24),  # Epiphany, a Tuesday
    ],
)
def test_time_of_use_bands(time: str, price: float) -> None:
    index = pd.DatetimeIndex([time])
    assert time_of_use_eur_per_kwh(load_district().tariffs, index, load_district().site)[0] == price
