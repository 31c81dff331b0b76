"""COP and incumbent on their way from one iteration to the next."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from anello.coupling.exchange_file import read_cop, read_linearisation, write_cop
from anello.coupling.incumbent import Linearisation
from anello.coupling.water import Water
from anello.errors import ArtefactError
from anello.optimise.formulation.ring_rows import WAYS

TIMES = np.datetime64("2015-07-01T00:00", "ns") + np.arange(3) * np.timedelta64(1, "h")
COP = {"a::hp": np.array([3.0, 3.5, 4.0]), "b::hp": np.array([5.0, 5.5, 6.0])}


def about() -> Linearisation:
    values = np.arange(6.0).reshape(2, 3)
    return Linearisation(
        nodes=tuple(COP),
        cop=np.array(list(COP.values())),
        output_per_k=values / 7,
        output_per_kwh=-values / 9,
        degc_per_kwh=np.array([0.1, 0.0]),
        tank_kwh=np.array([350.0, np.nan]),
        use_degc=np.array([[45.0, 46.0, 47.0], [7.0, 8.0, np.nan]]),
        temperature_degc=np.array([15.0, 14.5, 14.25, 14.125]),
        storage_kwh=np.array([[1.0, 2.0, 3.0], [np.nan] * 3]),
        given_kw=np.array([0.0, -2.0, 1.0 / 3.0]),
        source_degc=values + 10.0,
        capacity_factor=1.0 - values / 11,
        machine_per_kwh=values[:1] + 0.1,
        machine_per_k=-values[:1],
        exchanged_kw=values / 3,
        field_kw=values[0],
        well_shift_k=values[1] / 3,
        output_kwh=values * 2,
        offset_kwh=-values / 5,
        plant_eur_per_kwh=np.arange(3.0 * len(WAYS)).reshape(-1, 3) / 13,
        plant_known_eur=-np.arange(3.0 * len(WAYS)).reshape(-1, 3) / 17,
        given_cost_eur=1.25,
        trust_region_k=0.75,
        cost_eur=123.456,
        iteration=4,
    )


def water() -> Water:
    """Of a loop with two substations, two waves and three places."""
    numbers = np.arange(36.0)
    return Water(
        station_kw=numbers[:6].reshape(2, 3),
        station_given_kw=numbers[6:12].reshape(2, 3),
        degc=numbers[:9].reshape(3, 3) / 3,
        given_degc=-numbers[:9].reshape(3, 3),
        wave_keep=numbers[12:18].reshape(2, 3) / 20,
        wave_per_kw=numbers[:12].reshape(2, 2, 3) / 1e4,
        per_wave=numbers[18:36].reshape(3, 2, 3) / 40,
        per_kw=numbers[:18].reshape(3, 2, 3) / 37,
        passing_kw_per_k=np.array([50.0, 0.0, 1.0]),
        pump_kw=np.array([0.5, 0.0, 1.5]),
        unseen_eur_per_kw=numbers[6:12].reshape(2, 3) / 7,
        output_kwh=numbers[3:9].reshape(2, 3) * 11,
        unseen_eur_per_kwh=numbers[2:8].reshape(2, 3) / 9,
        shift_per_kwh=numbers[1:7].reshape(2, 3) / 19,
        wave_by_start=numbers[4:10].reshape(2, 3) / 21,
        wave_by_end=-numbers[5:11].reshape(2, 3) / 23,
        water_by_start=numbers[7:13].reshape(2, 3) / 29,
        water_by_end=-numbers[8:14].reshape(2, 3) / 31,
    )


def same(one: Any, other: Any) -> None:
    assert type(one) is type(other)
    for field in fields(one):
        mine, others = getattr(one, field.name), getattr(other, field.name)
        if field.name == "water" and mine is not None:
            same(mine, others)
        else:
            np.testing.assert_array_equal(mine, others)


def test_every_number_comes_back(tmp_path):
    path = tmp_path / "cop.nc"
    write_cop(path, COP, TIMES, about())
    same(read_linearisation(path), about())
    found = read_cop(path)
    assert list(found) == list(COP)
    for node, values in COP.items():
        np.testing.assert_array_equal(found[node], values)


@pytest.mark.parametrize("waves", [0, 2])
def test_the_water_of_a_loop_comes_back_too(tmp_path, waves):
    found = water()
    if not waves:
        found = replace(
            found,
            wave_keep=np.zeros((0, 3)),
            wave_per_kw=np.zeros((0, 2, 3)),
            per_wave=np.zeros((3, 0, 3)),
            per_kw=np.zeros((3, 0, 3)),
            wave_by_start=np.zeros((0, 3)),
            wave_by_end=np.zeros((0, 3)),
        )
    path = tmp_path / "cop.nc"
    write_cop(path, COP, TIMES, replace(about(), water=found))
    same(read_linearisation(path), replace(about(), water=found))


def test_the_start_has_no_trust_region_and_no_cost_yet(tmp_path):
    first = replace(about(), trust_region_k=np.inf, cost_eur=np.inf, iteration=-1)
    path = tmp_path / "cop.nc"
    write_cop(path, COP, TIMES, first)
    same(read_linearisation(path), first)


def test_equal_content_gives_equal_bytes(tmp_path):
    one, two = tmp_path / "one.nc", tmp_path / "two.nc"
    for path in (one, two):
        write_cop(path, COP, TIMES, about())
    assert one.read_bytes() == two.read_bytes()


def test_no_heat_pump_at_all(tmp_path):
    path = tmp_path / "cop.nc"
    write_cop(path, {}, TIMES)
    assert read_cop(path) == {}


def test_cop_alone_is_no_incumbent(tmp_path):
    path = tmp_path / "cop.nc"
    write_cop(path, COP, TIMES)
    assert set(read_cop(path)) == set(COP)
    with pytest.raises(ArtefactError, match=r"cop\.nc"):
        read_linearisation(path)


@pytest.mark.parametrize("bad", [np.nan, 0.0, -1.0, np.inf])
def test_a_cop_that_is_no_positive_number_is_refused(tmp_path, bad):
    path = tmp_path / "cop.nc"
    write_cop(path, {"a::hp": np.array([3.0, bad, 4.0])}, TIMES)
    with pytest.raises(ArtefactError, match="not a positive number"):
        read_cop(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ArtefactError, match=r"absent\.nc"):
        read_cop(tmp_path / "absent.nc")


@pytest.mark.parametrize("damage", ["cut", "empty", "noise", "foreign"])
def test_damage_is_noticed(tmp_path, damage):
    path = tmp_path / "cop.nc"
    write_cop(path, COP, TIMES, about())
    whole = path.read_bytes()
    path.write_bytes(
        {
            "cut": whole[: len(whole) // 3],
            "empty": b"",
            "noise": bytes(reversed(whole)),
            "foreign": b"COP: 3.5\n",
        }[damage]
    )
    with pytest.raises(ArtefactError, match=r"cop\.nc"):
        read_linearisation(path)


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "cop.nc"
    write_cop(path, COP, TIMES, about())
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r".*"):
        write_cop(path, {"a::hp": np.ones(2), "b::hp": np.ones(3)}, TIMES)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["cop.nc"]
