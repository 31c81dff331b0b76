"""What a prompt and a notebook show is short, whatever the size of the model."""

from __future__ import annotations

import anello
from anello.optimise.results import read_results


def test_a_model_its_page_and_its_results_are_shown_in_a_few_lines(tmp_path):
    model = anello.examples.national_scale()
    assert "not run yet" in model._repr_html_()
    model.run()
    shown = model._repr_html_()
    assert shown.startswith("<table>")
    assert "optimal" in shown
    page = model.plot.summary()
    assert page.startswith("<!")
    assert len(page) > 1_000_000
    for text in (shown, repr(page), page._repr_html_()):
        assert len(text) < 1000
    model.to_netcdf(tmp_path / "model.nc")
    found = read_results(tmp_path / "model.nc")
    assert len(repr(found)) < 600
    assert "optimal" in repr(found)
    assert "timestep" in repr(found)
