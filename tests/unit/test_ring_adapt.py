"""From dispatch to ring and back to files."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from anello.coupling.record import read_state
from anello.errors import ArtefactError, InputError
from anello.ring import iccep2019_ring, simulate
from anello.ring.adapt import ring_dataset, ring_input, ring_result
from plain_loops import loop

HOUR = np.timedelta64(3600, "s")
NODES = [
    "buildings::hp_dhw",
    "buildings::tes_dhw",
    "buildings::hp_clim_hot",
    "buildings::tes_sh",
    "buildings::hp_clim_cold",
    "buildings::tes_co",
    "buildings::grid",
]


@pytest.fixture
def dispatch() -> xr.Dataset:
    rng = np.random.default_rng(0)
    steps = 24
    prod = np.full((len(NODES), 4, steps), np.nan)
    for i in range(len(NODES)):
        prod[i, i % 4] = rng.random(steps) * 100
    prod[0, 0, 0] = -1e-12
    storage = np.where(
        np.array(["tes" in node for node in NODES])[:, None],
        rng.random((len(NODES), steps)),
        np.nan,
    )
    return xr.Dataset(
        {
            "carrier_prod": (("node", "carrier", "timestep"), prod),
            "storage": (("node", "timestep"), storage),
        },
        coords={
            "node": NODES,
            "carrier": list("abcd"),
            "timestep": np.datetime64("2015-01-01", "ns") + np.arange(steps) * HOUR,
        },
    )


def cop(steps: int = 24) -> dict[str, np.ndarray]:
    return {node: np.full(steps, 4.0) for node in NODES if "hp" in node}


def test_dispatch_becomes_plain_arrays(dispatch):
    data = ring_input(
        iccep2019_ring("smart"), dispatch, cop(), storage_start_kwh={"buildings::tes_sh": 7.0}
    )
    assert data.nodes == ("buildings::hp_dhw", "buildings::hp_clim_hot", "buildings::hp_clim_cold")
    assert data.q_kw[0, 0] == 0.0
    np.testing.assert_array_equal(data.storage_kwh[1], dispatch["storage"].values[3])
    assert data.storage_start_kwh.tolist() == [0.0, 7.0, 0.0]
    assert (data.step_h == 1.0).all()


def test_energy_per_step_becomes_power(dispatch):
    dispatch["timestep_resolution"] = ("timestep", np.full(24, 2.0))
    data = ring_input(iccep2019_ring("smart"), dispatch, cop())
    np.testing.assert_allclose(
        data.q_kw[1], np.nansum(dispatch["carrier_prod"].values[2], axis=0) / 2.0
    )


def test_a_scheduled_flow_is_read_from_the_file_of_a_loop(tmp_path):
    file = tmp_path / "flow.csv"
    file.write_text("time,kg_s\n2015-01-01 00:00,3\n2015-01-01 01:00,-2\n", encoding="utf-8")
    config = loop(1, flow={"kind": "scheduled", "file": str(file)})
    start, nodes = np.datetime64("2015-01-01", "ns"), ["l0::hp", "l0::ch"]
    dispatch = xr.Dataset(
        {"carrier_prod": (("node", "carrier", "timestep"), np.ones((2, 1, 2)))},
        coords={"node": nodes, "carrier": ["heat"], "timestep": start + np.arange(2) * HOUR},
    )
    used = {node: np.full(2, 4.0) for node in nodes}
    assert ring_input(config, dispatch, used).flow_kg_s.tolist() == [3.0, -2.0]
    mixed = config.model_copy(update={"model": "mixed"})
    assert ring_input(mixed, dispatch, used).flow_kg_s is None


def test_missing_pieces_are_named(dispatch):
    ring = iccep2019_ring("smart")
    with pytest.raises(InputError, match="tes_co"):
        ring_input(ring, dispatch.sel(node=[n for n in NODES if "tes_co" not in n]), cop())
    with pytest.raises(InputError, match="hp_clim_cold"):
        ring_input(ring, dispatch.sel(node=NODES[:4]), cop())
    with pytest.raises(InputError, match="no COP series"):
        ring_input(ring, dispatch, {})


def test_round_trip_through_a_file(dispatch, tmp_path):
    result = simulate(iccep2019_ring("smart"), ring_input(iccep2019_ring("smart"), dispatch, cop()))
    dataset = ring_dataset(result)
    dataset.attrs.update(j_lp_eur=10.0, j_sim_eur=11.0, investment_eur=0.0, slp="")
    assert all(
        {"units", "long_name"} <= set(variable.attrs) for variable in dataset.data_vars.values()
    )
    path = tmp_path / "ring.nc"
    dataset.to_netcdf(path)
    with xr.open_dataset(path) as stored:
        again = ring_result(stored.load())
    assert again.nodes == result.nodes
    for name in ("temperature_degc", "cop", "p_kw", "cop_dispatch", "reset_kwh"):
        np.testing.assert_array_equal(getattr(again, name), getattr(result, name))
    assert again.audit == result.audit
    state = read_state(path)
    assert state.nodes == result.nodes
    np.testing.assert_array_equal(state.cop_simulated, result.cop)
    assert (state.j_lp_eur, state.j_sim_eur) == (10.0, 11.0)


def test_corrupt_files_are_refused(dispatch, tmp_path):
    (tmp_path / "bad.nc").write_bytes(b"not netcdf")
    with pytest.raises(ArtefactError, match=r"bad\.nc"):
        read_state(tmp_path / "bad.nc")
    with pytest.raises(ArtefactError):
        read_state(tmp_path / "absent.nc")
    with pytest.raises(ArtefactError, match="lacks"):
        ring_result(xr.Dataset())
