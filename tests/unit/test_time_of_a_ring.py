"""Which time steps a ring can be simulated on: those that follow each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict
from anello.errors import InputError
from anello.model.data import ModelData
from anello.model.time_reduction import reduce_time
from ring_districts import random_district


def reduced(data: ModelData, **time: Any) -> ModelData:
    data.config["model"]["time"] = time
    return reduce_time(data)


def tech(data: ModelData) -> str:
    """A technology with a demand."""
    return str(data.inputs["node_tech"].values[data.nodes("demand")[0]])


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("masks", [False, True])
def test_longer_steps_are_simulated_and_their_heat_adds_up(loop, masks):
    whole, ring = random_district(4, loop=loop)
    time: dict[str, Any] = {"function": "resample", "function_options": {"resolution": "3H"}}
    if masks:
        time["masks"] = [{"function": "extreme", "options": {"tech": tech(whole)}}]
    data = reduced(whole, **time)
    steps = 8 + 24 if masks else 16
    assert data.inputs.sizes["timestep"] == steps
    # A loop's search may stall at a kink; what is asked here holds for every dispatch.
    found = CoupledDistrict(data, ring, CouplingConfig()).run(must_converge=not loop).last
    hours = data.inputs["timestep_resolution"].values
    np.testing.assert_array_equal(found.ring.step_h, hours)
    assert found.ring.step_h.sum() == 48.0
    # The heat of each step over its length is the power that the ring sees.
    made = found.dispatch["carrier_prod"].sum(["node", "carrier"])
    assert float(made.sum()) > 0
    assert abs(found.ring.audit.relative) < 1e-9


@pytest.mark.parametrize(
    "time",
    [
        {
            "function": "apply_clustering",
            "function_options": {"clustering_func": "kmeans", "how": "mean", "k": 1},
        },
        {"function": "drop", "function_options": {"timesteps": ["2015-05-04 03:00"]}},
    ],
    ids=["clusters", "dropped"],
)
def test_steps_that_stand_for_others_are_refused(time):
    data, ring = random_district(4)
    with pytest.raises(InputError, match=r"model\.time\.function.*hours one by one.*resample"):
        CoupledDistrict(reduced(data, **time), ring, CouplingConfig())
