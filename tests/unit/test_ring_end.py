"""How a run ends: as it began, as it likes, or at a price that programme and simulation share."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from anello.coupling.iteration import start_cop, with_cop
from anello.ring.config import RingConfig
from ring_districts import coupled, random_district

PUMP = {
    "service": "heating",
    "cop_map": {"kind": "carnot"},
    "use_temperature": {"kind": "fixed", "degc": 35.0},
}
CREDIT = {"credit_eur_per_kwh": 0.4}


def ended(end: object, seed: int = 0, **options: object):
    district = coupled(seed, days=1, end=end, **options)
    return district, district.run(must_converge=False)


def test_a_year_ends_as_it_began_unless_said():
    ring = RingConfig.model_validate({"heat_pumps": {"hp": PUMP}})
    assert ring.ends_as_it_began(8760.0)
    assert not ring.ends_as_it_began(24.0)
    assert ring.model_copy(update={"end": "cyclic"}).ends_as_it_began(24.0)
    assert not ring.model_copy(update={"end": "free"}).ends_as_it_began(8760.0)
    priced = RingConfig.model_validate({"heat_pumps": {"hp": PUMP}, "end": CREDIT})
    assert not priced.ends_as_it_began(8760.0)
    assert priced.end_credit_eur_per_kwh == 0.4
    with pytest.raises(ValidationError):
        RingConfig.model_validate({"heat_pumps": {"hp": PUMP}, "end": "sold"})


@pytest.mark.parametrize("loop", [False, True], ids=["mixed", "loop"])
def test_the_credit_is_what_the_water_holds_at_its_price(loop):
    district, found = ended(CREDIT, loop=loop)
    ring, cost = found.best.ring, found.best.cost
    rise_k = ring.temperature_degc[-1] - ring.temperature_degc[0]
    by_hand = -0.4 * ring.capacity_kwh_per_k * rise_k
    planned = float(found.best.dispatch["ring_end"].sum())
    assert planned + cost.end_eur == pytest.approx(by_hand, rel=1e-9)
    assert planned == pytest.approx(by_hand, abs=0.02 * abs(by_hand) + 1e-6)
    # Without the price the same dispatch costs so much more.
    free = cost.total_eur - by_hand
    parts = cost.electricity_eur + cost.plant_electricity_eur + cost.plant_other_eur
    assert free == pytest.approx(cost.dispatch_eur - planned + parts, rel=1e-9)
    assert district.rows.end_credit_eur_per_k == pytest.approx(0.4 * ring.capacity_kwh_per_k)


def test_a_dear_end_is_warm_a_burden_is_cold_and_a_cycle_neither():
    degc = {}
    for name, end in {
        "dear": {"credit_eur_per_kwh": 2.0},
        "free": "free",
        "burden": {"credit_eur_per_kwh": -2.0},
        "cyclic": "cyclic",
    }.items():
        _, found = ended(end)
        degc[name] = float(found.best.ring.temperature_degc[-1])
    assert degc["dear"] == pytest.approx(20.0, abs=0.02)
    assert degc["burden"] == pytest.approx(10.0, abs=0.02)
    assert degc["burden"] - 1e-6 <= degc["free"] <= degc["dear"] + 1e-6
    assert degc["cyclic"] == pytest.approx(15.0, abs=0.02)


def test_a_plant_that_acts_by_itself_is_credited_in_the_true_cost_alone():
    data, ring = random_district(0, days=1, end=CREDIT)
    district = coupled(0, {"method": "fixed_point"}, days=1, end=CREDIT)
    about = with_cop(ring, district.heat_pumps, start_cop(data, district.heat_pumps))
    done = district.iterate(0, about)
    assert "ring_end" not in done.dispatch
    rise_k = done.ring.temperature_degc[-1] - done.ring.temperature_degc[0]
    assert done.cost.end_eur == pytest.approx(-0.4 * done.ring.capacity_kwh_per_k * rise_k)
