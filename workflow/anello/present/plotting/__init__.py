"""Interactive plots of a model, as ``model.plot``.

Each plot is assembled as data (:class:`~anello.present.plotting.chart.Chart`), then returned as a
plotly
figure, or written: as a page that opens offline, or as an image, which is drawn with matplotlib
because plotly would need a browser for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from anello.base.files import PathLike

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from anello.present.plotting.selection import Source, Subset
    from anello.present.plotting.solved import SolvedModel

__all__ = ["ModelPlots"]


class ModelPlots:
    """The plots of one model.

    Parameters
    ----------
    model : SolvedModel
        Solved or not; without results there are plots of inputs.

    Notes
    -----
    All plots but :meth:`summary` take these arguments as well:

    html_only : bool
        Return a ``div`` for a page that loads plotly.js itself, instead of a figure.
    to_file : path-like
        Write the plot and return nothing. The ending decides: ``.html`` is a page that opens
        offline; ``.svg``, ``.pdf``, ``.png``, ``.jpeg`` and ``.webp`` are images, which show one
        variable or time step at once.
    layout_updates : mapping
        Laid over plotly's layout; keys are replaced as a whole. In images its title and size count.
    plotly_kwarg_updates : mapping
        Arguments for ``plotly.io.to_html``, such as ``{"include_plotlyjs": "cdn"}``.
    """

    def __init__(self, model: SolvedModel) -> None:
        self._model = model

    def _source(self) -> Source:
        from anello.present.plotting.selection import Source

        return Source(self._model)

    def timeseries(
        self,
        array: str | Sequence[str] = "all",
        timesteps_zoom: int | None = None,
        rangeslider: bool = False,
        subset: Subset | None = None,
        sum_dims: str | Sequence[str] | None = "locs",
        squeeze: bool = True,
        **output: Any,
    ) -> Figure | str | None:
        """Plot series over time, with a menu to choose from.

        Flows are powers [kW]: what a step's energy is on average. Production is stacked upwards,
        consumption downwards, demand is a line. Prices, factors and inputs, which cannot be added
        up, have a line for each technology and location.

        Parameters
        ----------
        array : str or sequence of str
            ``"all"``, ``"results"``, ``"inputs"``, or names: a carrier, for its flows, or a
            variable such as ``storage``, ``resource_con``, ``cost_var``, ``resource``.
        timesteps_zoom : int, optional
            How many time steps to show at first; all by default.
        rangeslider : bool
            Whether a slider under the plot chooses what part is shown.
        subset : mapping, optional
            Labels to show by dimension (``locs``, ``techs``, ``carriers``, ``costs``), in the order
            to show them; ``timesteps`` takes a first and a last time. With ``locs``, flows over
            links to other locations are shown too.
        sum_dims : str or sequence of str, optional
            Dimensions to add up over.
        squeeze : bool
            Whether dimensions of one label are left out.
        **output
            See the class.

        Returns
        -------
        plotly.graph_objects.Figure, str or None
            The figure; text with `html_only`; nothing with `to_file`.

        Raises
        ------
        InputError
            If there is nothing of that name, or nothing left to show.
        """
        from anello.present.plotting.output import deliver
        from anello.present.plotting.timeseries import timeseries_chart

        chart = timeseries_chart(
            self._source(),
            array=array,
            timesteps_zoom=timesteps_zoom,
            rangeslider=rangeslider,
            subset=subset,
            sum_dims=sum_dims,
            squeeze=squeeze,
        )
        return deliver(chart, **output)

    def capacity(
        self,
        orient: str = "h",
        array: str | Sequence[str] = "all",
        subset: Subset | None = None,
        sum_dims: str | Sequence[str] | None = None,
        squeeze: bool = True,
        **output: Any,
    ) -> Figure | str | None:
        """Plot capacities and costs by location and technology, and the limits given for them.

        Parameters
        ----------
        orient : {"h", "v"}
            Horizontal or vertical bars.
        array : str or sequence of str
            ``"all"``, ``"results"``, ``"inputs"``, or names such as ``energy_cap``,
            ``storage_cap``, ``energy_cap_max``, ``cost``, ``systemwide_levelised_cost``.
        subset : mapping, optional
            Labels to show by dimension, in the order to show them.
        sum_dims : str or sequence of str, optional
            Dimensions to add up over, such as ``locs``.
        squeeze : bool
            Whether dimensions of one label are left out.
        **output
            See the class.

        Returns
        -------
        plotly.graph_objects.Figure, str or None
            The figure; text with `html_only`; nothing with `to_file`.

        Raises
        ------
        InputError
            If there is nothing of that name, or nothing left to show.
        """
        from anello.present.plotting.capacity import capacity_chart
        from anello.present.plotting.output import deliver

        chart = capacity_chart(
            self._source(),
            orient=orient,
            array=array,
            subset=subset,
            sum_dims=sum_dims,
            squeeze=squeeze,
        )
        return deliver(chart, **output)

    def transmission(
        self, mapbox_access_token: str | None = None, **output: Any
    ) -> Figure | str | None:
        """Plot the links between locations on a map, as wide as their capacity.

        Parameters
        ----------
        mapbox_access_token : str, optional
            Not used: no map is loaded from elsewhere.
        **output
            See the class.

        Returns
        -------
        plotly.graph_objects.Figure, str or None
            The figure; text with `html_only`; nothing with `to_file`.

        Raises
        ------
        InputError
            If the locations have no coordinates.
        """
        from anello.present.plotting.network import transmission_chart
        from anello.present.plotting.output import deliver

        _warn_of_token(mapbox_access_token)
        return deliver(transmission_chart(self._source()), **output)

    def flows(
        self,
        timestep_cycle: int = 1,
        timestep_index_subset: Sequence[int] = (),
        **output: Any,
    ) -> Figure | str | None:
        """Plot production and the flows between locations on a map, step by step.

        Parameters
        ----------
        timestep_cycle : int
            Show one of so many time steps.
        timestep_index_subset : sequence of two int, optional
            Position of the first step to show and of the one after the last; all by default.
        **output
            See the class.

        Returns
        -------
        plotly.graph_objects.Figure, str or None
            The figure; text with `html_only`; nothing with `to_file`.

        Raises
        ------
        InputError
            If the locations have no coordinates, or there are no results.
        """
        from anello.present.plotting.network import flows_chart
        from anello.present.plotting.output import deliver

        chart = flows_chart(
            self._source(),
            timestep_cycle=timestep_cycle,
            timestep_index_subset=timestep_index_subset,
        )
        return deliver(chart, **output)

    def summary(
        self,
        to_file: PathLike | None = None,
        mapbox_access_token: str | None = None,
    ) -> str | None:
        """Put all plots into one page that opens offline.

        Parameters
        ----------
        to_file : path-like, optional
            The page to write; its text is returned otherwise.
        mapbox_access_token : str, optional
            Not used: no map is loaded from elsewhere.

        Returns
        -------
        str or None
            The page, unless it is written; a notebook shows one line of it.
        """
        from anello.present.plotting.summary import summary_page

        _warn_of_token(mapbox_access_token)
        return summary_page(self._source(), to_file)


def _warn_of_token(token: str | None) -> None:
    if token is not None:
        import logging

        logging.getLogger(__name__).warning(
            "mapbox_access_token is not used: maps are drawn from the locations' coordinates alone,"
            " so that they open offline"
        )
