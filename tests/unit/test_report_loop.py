"""The drawing of a loop: what lies where, which way the water goes; a mixed ring has none."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from anello.present.report.appearance import Appearance
from anello.present.report.config import FiguresConfig
from anello.present.report.html import write_report
from anello.present.report.loop_drawing import loop_html, ring_loop
from anello.present.report.network_view import network_payload
from anello.present.report.sizes import ring_sizes
from anello.ring.config import RingConfig
from report_fakes import fake_district

PUMP = {
    "service": "heating",
    "cop_map": {"kind": "carnot"},
    "use_temperature": {"kind": "fixed", "degc": 35},
}


def loop_settings(count, flow, plant=None):
    stations = [{"name": f"S{i}", "plant": i == plant} for i in range(count)]
    stations[-1]["heat_pumps"] = ["buildings", "commercial::hp_clim_hot"]
    pipes = [
        {"length_m": 100.0 * (i + 1), "inner_diameter_m": 0.1 + 0.02 * i} for i in range(count)
    ]
    ring = {
        "model": "loop",
        "heat_pumps": {"hp_clim_hot": PUMP},
        "plant": {"wells": {"max_flow_kg_s": 10.0}, "chiller": {"max_kw": 50.0}},
        "loop": {"substations": stations, "segments": pipes, "flow": flow},
    }
    return {"ring": RingConfig.model_validate(ring).model_dump(mode="json")}


@pytest.fixture(scope="module")
def district():
    return fake_district(days=3, start="2015-07-01")


def with_loop(district, count, flow, plant=None):
    ring = district.ring.copy()
    mean = ring["temperature_degc"].values
    ring["node_degc"] = (("state", "substation"), mean[:, None] + np.linspace(-2, 2, count))
    if "kg_s" in flow:
        ring["flow_kg_s"] = ("timestep", np.full(ring.sizes["timestep"], flow["kg_s"]))
    return replace(district, ring=ring, settings=loop_settings(count, flow, plant))


def drawn(collected, config=None):
    look = Appearance(collected.results, collected.inputs, config or FiguresConfig())
    return loop_html(ring_loop(collected.settings), collected.ring, look)


def texts(svg):
    found = re.findall(r'<text x="([^"]+)" y="([^"]+)" text-anchor="(\w+)"[^>]*>([^<]*)<', svg)
    return [(float(x), float(y), anchor, text) for x, y, anchor, text in found]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 9, 24])
def test_every_substation_and_pipe_is_there_and_no_text_touches_another(district, count):
    page = drawn(with_loop(district, count, {"kind": "fixed", "kg_s": 5.0}))
    labels = texts(page)
    words = [text for *_, text in labels]
    assert [f"S{i}" for i in range(count)] == [w for w in words if re.fullmatch(r"S\d+", w)]
    assert [w for w in words if "⌀" in w] == [
        f"{100 * (i + 1):,} m, ⌀ {100 + 20 * i} mm" for i in range(count)
    ]
    assert page.count('class="way"') == count
    height = float(re.search(r'viewBox="0 0 900 (\d+)"', page).group(1))
    boxes = []
    for x, y, anchor, text in labels:
        width = 7.2 * len(text)
        left = x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
        boxes.append((left, y - 10, left + width, y + 3))
    for number, (left, top, right, low) in enumerate(boxes):
        assert left >= 0
        assert right <= 900
        assert 0 <= top <= low <= height
        for other in boxes[number + 1 :]:
            apart = right <= other[0] or other[2] <= left or low <= other[1] or other[3] <= top
            assert apart, (labels[number], other)


def test_arrows_and_words_follow_the_flow(district):
    def turns(flow):
        page = drawn(with_loop(district, 4, flow))
        return [int(t) % 360 for t in re.findall(r"rotate\((-?\d+)\)", page)], page

    forwards, page = turns({"kind": "fixed", "kg_s": 5.0})
    assert forwards == [90, 180, 270, 0]  # down the right side, up the left one
    assert "5 kg/s flow, always in the order" in page
    backwards, page = turns({"kind": "fixed", "kg_s": -5.0})
    assert backwards == [(t + 180) % 360 for t in forwards]
    assert "always against the order" in page
    turned, _ = turns({"kind": "proportional", "reversed": True})
    assert turned == backwards


def test_a_flow_that_turns_says_for_how_long(district):
    loop = with_loop(district, 3, {"kind": "scheduled"})
    steps = loop.ring.sizes["timestep"]
    loop.ring["flow_kg_s"] = ("timestep", np.where(np.arange(steps) < steps // 4, -2.0, 6.0))
    page = drawn(loop)
    assert "2 to 6 kg/s flow, in 25 % of the time against the order" in page
    assert "rotate(90)" in page


def test_the_plant_stands_where_it_is_marked_and_temperatures_where_they_were(district):
    loop = with_loop(district, 3, {"kind": "fixed", "kg_s": 5.0}, plant=1)
    page = drawn(loop)
    assert [int(r) for r in re.findall(r'rx="(\d+)"', page)] == [11, 0, 11]
    words = [text for *_, text in texts(page)]
    assert words.count("Wells, chiller") == 1
    mean = loop.ring["node_degc"].mean("state").values
    assert [float(w.rsplit(" ", 1)[1]) for w in words if "mean" in w] == [
        pytest.approx(m, abs=0.051) for m in mean
    ]
    assert "Buildings, Heat pump, heating, Com…" in words


def test_the_report_draws_loops_only(district, tmp_path):
    loop = with_loop(district, 3, {"kind": "fixed", "kg_s": 5.0})
    mixed = replace(district, settings={"ring": {"model": "mixed"}})
    config = FiguresConfig(names={"buildings": "<Homes>"})
    page = write_report({"loop": loop, "mixed": mixed}, tmp_path / "report.html", config)
    text = page.read_text(encoding="utf-8")
    assert text.count('<svg class="loop"') == 1
    assert "&lt;Homes&gt;" in text
    assert "S2 → S0" in text


def with_branches(district):
    """S0, S1 on the loop; a junction off S0, two places off that, and one off S1."""
    made = with_loop(district, 6, {"kind": "fixed", "kg_s": 5.0}, plant=0)
    ring = loop_settings(2, {"kind": "fixed", "kg_s": 5.0}, plant=0)["ring"]
    pipe = {"length_m": 50.0, "inner_diameter_m": 0.06}
    ring["loop"]["substations"][1]["heat_pumps"] = []
    ring["loop"]["branches"] = [
        {"start": "square", "end": "east", "heat_pumps": ["commercial::hp_clim_hot"], **pipe},
        {"start": "S0", "end": "square", **pipe},
        {"start": "S1", "end": "mill", "share": 0.1, "heat_pumps": ["buildings"], **pipe},
        {"start": "square", "end": "west", "heat_pumps": ["offices"], **pipe},
    ]
    return replace(made, settings={"ring": RingConfig.model_validate(ring).model_dump(mode="json")})


def test_branches_are_drawn_from_where_they_leave(district):
    page = drawn(with_branches(district))
    words = [text for *_, text in texts(page)]
    rows = [word for word in words if word in ("square", "east", "west", "mill")]
    assert rows == ["square", "east", "west", "mill"]
    assert words.count("50 m, ⌀ 60 mm, 50 % of the flow") == 2  # half of the square's each
    assert "50 m, ⌀ 60 mm, 10 % of the flow" in words
    assert "Its branches are 200 m long" in page
    assert "square → west and back" in page.replace("</th>", "")
    _, height = re.search(r'viewBox="0 0 (\d+) (\d+)"', page).groups()
    assert all(0 <= x <= 900 and y <= float(height) for x, y, *_ in texts(page))


def test_the_slider_shows_the_ends_of_branches(district):
    shown = network_payload(with_branches(district), FiguresConfig())
    names = [station["name"] for station in shown["stations"]]
    assert names == ["S0", "S1", "east", "square", "mill", "west"]
    assert [station["near"] for station in shown["stations"]] == [None, None, 3, 0, 1, 3]
    places = [(station["x"], station["y"]) for station in shown["stations"]]
    assert len(set(places)) == 6
    assert all(0 < x < 640 and 0 < y < 420 for x, y in places)


def test_marks_of_branches_that_follow_each_other_do_not_touch(district):
    made = with_loop(district, 5, {"kind": "fixed", "kg_s": 5.0}, plant=0)
    ring = loop_settings(2, {"kind": "fixed", "kg_s": 5.0}, plant=0)["ring"]
    pipe = {"length_m": 50.0, "inner_diameter_m": 0.06}
    ring["loop"]["branches"] = [
        {"start": start, "end": end, "heat_pumps": ["offices"], **pipe}
        for start, end in (("S1", "a"), ("a", "b"), ("b", "c"))
    ]
    made = replace(made, settings={"ring": RingConfig.model_validate(ring).model_dump(mode="json")})
    stations = network_payload(made, FiguresConfig())["stations"]
    spots = [np.array([station["x"], station["y"]]) for station in stations]
    for number, spot in enumerate(spots):
        for other in spots[number + 1 :]:
            assert np.hypot(*(spot - other)) > 2 * 13


def test_the_pipes_to_build_are_those_of_branches_too_and_none_of_mixed_water(district):
    made = with_branches(district)
    pipes = {size.what: size.text for size in ring_sizes(made) if "Pipe" in size.what}
    assert pipes == {
        "Pipe, ⌀ 120 mm inside": "200 m",
        "Pipe, ⌀ 100 mm inside": "100 m",
        "Pipe, ⌀ 60 mm inside": "400 m",  # four branches of 50 m, there and back
    }
    mixed = {"ring": {**made.settings["ring"], "model": "mixed"}}
    found = [size.what for size in ring_sizes(replace(made, settings=mixed))]
    assert not any("Pipe" in what for what in found)
    assert "Water in the ring" in found
