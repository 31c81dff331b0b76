"""What a plot shows of a model: which variables, of which labels, added up over which."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from anello.errors import InputError, Problem, did_you_mean
from anello.optimise.results.prices import price_states
from anello.present.plotting.chart import INK
from anello.present.report.appearance import GREY, WHEEL, lightened

if TYPE_CHECKING:
    from anello.present.plotting.solved import SolvedModel

Subset = Mapping[str, Sequence[Any]]
_HEX = re.compile("#[0-9a-fA-F]{6}")


class Source:
    """Variables, names and colours of one model.

    Parameters
    ----------
    model : SolvedModel
        Solved or not.
    """

    def __init__(self, model: SolvedModel) -> None:
        self.model = model
        self.inputs = model.inputs
        self.results = model.results if model.is_solved else xr.Dataset()
        techs = [str(t) for t in self.inputs["techs"].values]
        self._names = dict(zip(techs, map(str, self.inputs["names"].values), strict=True))
        self._bases = dict(zip(techs, map(str, self.inputs["base_tech"].values), strict=True))
        given = dict(zip(techs, map(str, self.inputs["colors"].values), strict=True))
        self._colors = _told_apart(given, self._bases)

    @property
    def carriers(self) -> list[str]:
        """Names of the carriers."""
        return sorted(str(c) for c in self.model.data.inputs["carrier"].values)

    def name(self, tech: str) -> str:
        """Return the name that a technology's essentials give it."""
        return self._names.get(tech) or tech

    def color(self, tech: str) -> str:
        """Return the colour that a technology's essentials give it, told apart from its like."""
        return self._colors.get(tech) or GREY

    def base(self, tech: str) -> str:
        """Return the base of a technology."""
        return self._bases[tech]

    def title(self, var: str) -> str:
        """Return what a variable is called, for people and in the data."""
        said = self.attrs(var).get("long_name")
        return f"{said} ({var})" if said else var.replace("_", " ").capitalize()

    def attrs(self, var: str) -> dict[str, Any]:
        """Return the attributes of a variable."""
        view = self.results if var in self.results else self.inputs
        return dict(view[var].attrs)

    def unit(self, var: str) -> str:
        """Return the unit of a variable as text to put behind a title, or nothing."""
        unit = str(self.attrs(var).get("units", ""))
        return {"1": "", "fraction": "", "boolean": "", "kWh-1": "cost/kWh"}.get(unit, unit)

    @property
    def alternatives(self) -> list[str]:
        """Names of the alternatives, of which the first is the cheapest system; mostly none."""
        found = self.results["spores"].values if "spores" in self.results.dims else ()
        return [str(label) for label in found]

    def which(self, subset: Subset) -> str:
        """Return words for the alternative that is shown, where there are several."""
        if not self.alternatives:
            return ""
        label = next(iter(subset.get("spores", ())), self.alternatives[0])
        return f", alternative {label}"

    def values(self, var: str) -> xr.DataArray:
        """Return a variable with a dimension each for locations, technologies and carriers.

        Prices that nothing sets are NaN.
        """
        found = self.model.get_formatted_array(var)
        if var == "shadow_price" and "spore" not in self.model.dispatch.dims:
            names = {"loc": "locs", "carrier": "carriers", "timestep": "timesteps"}
            found = found.where(price_states(self.model.dispatch).rename(names) == "set")
        return found


def _told_apart(given: Mapping[str, str], bases: Mapping[str, str]) -> dict[str, str]:
    """Lighten the second and further of technologies with one colour, and blacken demands.

    Ends of links have the colour of their kind.
    """
    colors = dict(given)
    plain = [tech for tech in given if ":" not in tech and bases[tech] != "transmission"]
    used: dict[str, int] = {}
    for tech in sorted(plain, key=lambda t: bases[t] in ("storage", "demand")):
        color = given[tech]
        count = used.setdefault(color, 0)
        used[color] += 1
        if count and _HEX.fullmatch(color):
            colors[tech] = (
                INK if bases[tech] == "demand" else lightened(color, min(0.4 * count, 0.8))
            )
    return colors


def chosen(
    array: str | Sequence[str],
    results: Iterable[str],
    inputs: Iterable[str],
    solved: bool,
) -> list[str]:
    """Return the names that the argument `array` of a plot stands for.

    Parameters
    ----------
    array : str or sequence of str
        ``"all"``, ``"results"``, ``"inputs"``, or names.
    results, inputs : iterable of str
        The names that can be plotted.
    solved : bool
        Whether there are results.

    Raises
    ------
    InputError
        If a name cannot be plotted, or nothing is left to plot.
    """
    of_results, of_inputs = list(results), list(inputs)
    groups = {"all": of_results + of_inputs, "results": of_results, "inputs": of_inputs}
    if isinstance(array, str) and array in groups:
        if array == "results" and not solved:
            raise InputError("the model has no results to plot yet: call `run()` first")
        if not groups[array]:
            raise InputError(f"there is nothing to plot for array={array!r}")
        return groups[array]
    names = [array] if isinstance(array, str) else list(array)
    known = groups["all"]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        hint = did_you_mean(unknown[0], [*groups, *known]) if unknown else None
        text = "cannot be plotted here" if unknown else "names nothing to plot"
        raise InputError(
            Problem(
                text,
                key="array",
                value=unknown[0] if unknown else names,
                suggestion=hint or f"There are: {', '.join([*groups, *known])}",
            )
        )
    return names


def reduced(
    values: xr.DataArray, subset: Subset, sum_dims: str | Sequence[str] | None
) -> xr.DataArray:
    """Pick labels and add up over dimensions.

    Parameters
    ----------
    values : xarray.DataArray
        With dimensions such as ``locs``, ``techs``.
    subset : mapping of str to sequence
        Labels to keep by dimension, in their order; labels that this variable does not have, and
        dimensions that it does not have, do not matter. Of alternatives (``spores``), the first is
        kept unless told otherwise.
    sum_dims : str or sequence of str, optional
        Dimensions to add up over. NaN stays where there is nothing to add.
    """
    out = values
    for dim, labels in subset.items():
        if dim not in out.dims:
            continue
        if dim == "timesteps":
            out = out.sel(timesteps=slice(labels[0], labels[-1]))
            continue
        have = {str(label): k for k, label in enumerate(out[dim].values.tolist())}
        out = out.isel({dim: [have[str(w)] for w in _listed(labels) if str(w) in have]})
    dims = _listed(sum_dims or ())
    if "spores" in out.dims and "spores" not in [*subset, *dims]:
        out = out.isel(spores=0, drop=True)
    over = [dim for dim in dims if dim in out.dims]
    return out.sum(over, min_count=1) if over else out


def _listed(names: str | Sequence[Any]) -> list[Any]:
    return [names] if isinstance(names, str) else list(names)


def check_subset(source: Source, subset: Subset) -> None:
    """Refuse labels that the model does not have.

    Raises
    ------
    InputError
        With the nearest label or dimension.
    """
    techs = [str(t) for t in source.inputs["techs"].values]
    known: dict[str, list[Any]] = {
        "locs": [str(v) for v in source.model.data.inputs["loc"].values],
        "techs": techs,
        "carriers": source.carriers,
        "costs": [str(v) for v in source.model.data.inputs["cost"].values],
    }
    for view in (source.inputs, source.results):
        for dim in view.dims:
            if dim not in known and dim in view.coords and "::" not in str(view[dim].values[:1]):
                known[str(dim)] = view[dim].values.tolist()
    for dim, labels in subset.items():
        if dim not in known:
            raise InputError(
                Problem(
                    "there is no such dimension to choose from",
                    key=f"subset.{dim}",
                    suggestion=did_you_mean(dim, known) or f"There are: {', '.join(known)}",
                )
            )
        if dim == "timesteps":
            continue
        names = [str(label) for label in known[dim]]
        for label in _listed(labels):
            if str(label) not in names:
                raise InputError(
                    Problem(
                        "the model has no such label",
                        key=f"subset.{dim}",
                        value=label,
                        suggestion=did_you_mean(str(label), names),
                    )
                )


def by_class(values: xr.DataArray) -> Iterator[tuple[str, xr.DataArray]]:
    """Yield the values of each cost class, with words for it where there are several."""
    if "costs" not in values.dims:
        yield "", values
        return
    names = [str(v) for v in values["costs"].values]
    for name in names:
        yield (f", {name}" if len(names) > 1 else ""), values.sel(costs=name, drop=True)


def without_spare_dimensions(values: xr.DataArray, keep: Sequence[str], var: str) -> xr.DataArray:
    """Drop dimensions of one label that a plot has no axis for.

    Raises
    ------
    InputError
        If a dimension without an axis has several labels.
    """
    spare = [str(d) for d in values.dims if d not in keep]
    for dim in spare:
        if values.sizes[dim] != 1:
            labels = ", ".join(map(str, values[dim].values[:3]))
            raise InputError(
                Problem(
                    f"has a dimension `{dim}` that the plot has no place for",
                    key=f"array {var}",
                    suggestion=f"Choose one with subset={{'{dim}': [...]}} ({labels}, …) or add up"
                    f" with sum_dims='{dim}'",
                )
            )
    return values.isel(dict.fromkeys(spare, 0), drop=True)


def in_order(
    techs: Iterable[str], subset: Subset, place: Callable[[str], tuple[int, str]]
) -> list[str]:
    """Return technologies in the order of `subset`, else in the order of `place`."""
    wanted = subset.get("techs")
    found = list(techs)
    if wanted is not None:
        return [t for t in _listed(wanted) if t in found]
    return sorted(found, key=place)


def finite(values: np.ndarray) -> np.ndarray:
    """Return values with NaN in place of infinite ones."""
    return np.where(np.isfinite(values), values, np.nan)


def wheel_color(position: int) -> str:
    """Return a colour for something that the model gives none."""
    return WHEEL[position % len(WHEEL)]
