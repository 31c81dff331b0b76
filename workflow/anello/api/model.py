"""`Model`: read, run, look at and save an energy system from Python, as Calliope 0.6 is used."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from anello.api.attrdict import AttrDict
from anello.api.commented_yaml import commented
from anello.api.notebook import info_table, told
from anello.api.running import check_mode, solved, solver_of, stored_groups
from anello.base.files import atomic_path, write_text
from anello.errors import AnelloError, InputError, Problem, did_you_mean
from anello.model.data import ModelData
from anello.optimise.results.netcdf import write_netcdf
from anello.optimise.results.views import calliope_view

if TYPE_CHECKING:
    import pandas as pd

    from anello.api.backend import Backend
    from anello.api.calliope_layout import IndexFormat
    from anello.optimise.formulation.pyomo_model import ArrayModel
    from anello.present.plotting import ModelPlots

logger = logging.getLogger(__name__)


class NotRunError(AnelloError, AttributeError):
    """Something only a solved model has was asked of one that is not solved."""


class Model:
    """An energy system: its inputs, the optimisation problem made of them, and its results.

    Parameters
    ----------
    config : path or mapping
        The main YAML file of a Calliope 0.6 model folder, the folder itself (its ``model.yaml``),
        or the configuration as a dictionary or `AttrDict`, with paths relative to the working
        folder.
    scenario : str, optional
        Name of a scenario, of an override, or overrides with commas between them.
    override_dict : str or mapping, optional
        Settings that win over all others, as YAML text or a mapping.
    timeseries_dataframes : mapping of str to pandas.DataFrame, optional
        Tables for parameters given as ``df=name``.
    strict : bool
        Whether keys that nothing reads are errors; otherwise they become warnings.
    series : mapping of str to pandas.DataFrame, optional
        Tables that stand in place of the CSV files of these names.
    root : path, optional
        Folder that paths may not leave; the model's own folder by default.
    time_modules : sequence of str
        Modules whose functions and masks the model's ``model.time`` may name; none by default, as
        a model file may not run code unasked.

    Raises
    ------
    InputError
        With every problem that was found, each with its file, line, key and value.

    Examples
    --------
    >>> import anello
    >>> model = anello.examples.national_scale()
    >>> model.run()
    >>> model.get_formatted_array("energy_cap").to_pandas()
    """

    def __init__(
        self,
        config: str | os.PathLike[str] | Mapping[str, Any],
        *,
        scenario: str | None = None,
        override_dict: str | Mapping[str, Any] | None = None,
        timeseries_dataframes: Mapping[str, pd.DataFrame] | None = None,
        strict: bool = True,
        series: Mapping[str, pd.DataFrame] | None = None,
        root: str | os.PathLike[str] | None = None,
        time_modules: Sequence[str] = (),
    ) -> None:
        from anello.model.definition import read_model
        from anello.model.definition.composition import compose
        from anello.model.schema.report import Report

        data = read_model(
            config,
            scenario,
            override_dict,
            timeseries_dataframes,
            strict=strict,
            series=series,
            root=root,
            time_modules=time_modules,
        )
        tree = compose(config, scenario, override_dict, root, Report(strict=False)).tree
        if tree.section("run").mark("solver") is None:
            # The format's default is CBC, which the folder's author did not ask for.
            data.config["run"]["solver"] = "highs"
        self._start(data)
        self._yaml: str | None = commented(tree)
        for warning in data.warnings:
            logger.warning("%s", warning)

    def _start(self, data: ModelData) -> None:
        data.config["run"] = AttrDict(data.config["run"])
        data.config["model"] = AttrDict(data.config["model"])
        self.data = data
        self._dispatch: xr.Dataset | None = None
        self._backend: Backend[Model] | None = None
        self._views: dict[str, xr.Dataset] = {}
        self._yaml = None

    @classmethod
    def from_data(cls, data: ModelData, dispatch: xr.Dataset | None = None) -> Model:
        """Make a model of inputs that are read already.

        Parameters
        ----------
        data : ModelData
            The inputs.
        dispatch : xarray.Dataset, optional
            Results, as :func:`anello.optimise.results.extract` lays them out.
        """
        model = cls.__new__(cls)
        model._start(data)
        model._dispatch = dispatch
        return model

    # --- what the model holds -----------------------------------------------------------------
    @property
    def run_config(self) -> AttrDict:
        """The ``run`` options; changes count from the next run on."""
        found: AttrDict = self.data.config["run"]
        return found

    @property
    def model_config(self) -> AttrDict:
        """The ``model`` options."""
        found: AttrDict = self.data.config["model"]
        return found

    @property
    def inputs(self) -> xr.Dataset:
        """The inputs, on labels such as ``loc::tech``, NaN where the model gives no value.

        Numbers may be changed in place; they count from the next run on.
        """
        if "inputs" not in self._views:
            from anello.api.calliope_layout import inputs_view

            self._views["inputs"] = inputs_view(self.data)
        return self._views["inputs"]

    @property
    def dispatch(self) -> xr.Dataset:
        """The results in anello's own layout, with dimensions ``node``, ``carrier``, ``timestep``.

        Raises
        ------
        NotRunError
            If the model is not solved.
        """
        if self._dispatch is None:
            raise NotRunError("there are no results yet: call `run()` first")
        return self._dispatch

    @property
    def results(self) -> xr.Dataset:
        """The results, on labels such as ``loc::tech::carrier``, as Calliope 0.6 lays them out.

        Raises
        ------
        NotRunError
            If the model is not solved.
        """
        dispatch = self.dispatch
        if "results" not in self._views:
            self._views["results"] = calliope_view(dispatch)
        return self._views["results"]

    @property
    def is_solved(self) -> bool:
        """Whether there are results."""
        return self._dispatch is not None

    @property
    def backend(self) -> Backend[Model]:
        """The optimisation problem, built when first asked for."""
        if self._backend is None:
            self._backend = self._build()
        return self._backend

    @property
    def plot(self) -> ModelPlots:
        """Interactive plots: `timeseries`, `capacity`, `transmission`, `flows` and `summary`."""
        from anello.present.plotting import ModelPlots

        return ModelPlots(self)

    def get_formatted_array(self, var: str, index_format: IndexFormat = "index") -> xr.DataArray:
        """Return a variable of the results or inputs with locations and technologies apart.

        Parameters
        ----------
        var : str
            For example ``"carrier_prod"``.
        index_format : {"index", "multiindex"}
            ``"index"``: dimensions ``carriers``, ``costs``, ``locs``, ``techs``, ``timesteps``;
            ``"multiindex"``: one dimension with a multi-index in place of the first ones, which
            takes less memory.

        Raises
        ------
        InputError
            If there is no such variable.
        """
        from anello.api.calliope_layout import formatted

        known: list[str] = []
        for view in [self.results, self.inputs] if self.is_solved else [self.inputs]:
            if var in view:
                return formatted(view[var], index_format)
            known += [str(name) for name in view.data_vars]
        hint = did_you_mean(var, known)
        if hint is None and not self.is_solved:
            hint = "The model has no results yet: call `run()` first"
        raise InputError(Problem("no such variable", key=var, suggestion=hint))

    def info(self) -> str:
        """Return name and size of the model, and the outcome if it is solved, as text."""
        return told(self.data, self._dispatch)

    def __repr__(self) -> str:
        return f"<anello.Model\n{self.info()}>"

    def _repr_html_(self) -> str:
        """Return what :meth:`info` tells, as a small table for notebooks."""
        return info_table(self.info())

    # --- running ------------------------------------------------------------------------------
    def run(
        self,
        force_rerun: bool = False,
        *,
        build_only: bool = False,
        solver: str | None = None,
        solver_options: Mapping[str, Any] | None = None,
        time_limit_s: float | None = None,
        mip_gap: float | None = None,
        log_path: str | os.PathLike[str] | None = None,
    ) -> None:
        """Build the optimisation problem and solve it.

        In mode `operate` capacities are given and the problem is solved one horizon after the
        other; with ``run.operation.use_cap_results`` they are those of the results that the model
        has so far. In mode `spores` the cheapest system is followed by alternatives, and the
        results have a dimension ``spores``.

        A problem that was built before, and perhaps changed through :attr:`backend`, is solved as
        it stands; with `force_rerun` it is built anew, and such changes are given up.

        Parameters
        ----------
        force_rerun : bool
            Whether existing results may be replaced.
        build_only : bool
            Build and do not solve.
        solver : str, optional
            Solver to use, whatever ``run.solver`` says. A solver that only the model folder names
            is replaced by HiGHS, with a warning, where it is not installed.
        solver_options : mapping, optional
            Options for the solver in its own words, in place of ``run.solver_options``.
        time_limit_s : float, optional
            Time limit [s]. With integers, the best solution found by then is kept: the attributes
            ``termination_condition`` and ``gap`` of the results tell.
        mip_gap : float, optional
            Relative gap at which a model with integers counts as solved.
        log_path : path, optional
            Where to write the solver's log; ``run.save_logs`` names a folder for it otherwise.

        Raises
        ------
        AnelloError
            If there are results already and `force_rerun` is false.
        ConfigError
            If ``run.mode`` is unknown, or the options of ``operate`` make no sense.
        InputError
            If the options of mode ``spores`` make no sense for this model, or capacities that
            ``operate`` needs are missing or contradict each other.
        InfeasibleError, UnboundedError, TimeLimitError, SolveError
            If there is no solution; the model has no results then.
        """
        if self.is_solved and not force_rerun:
            raise AnelloError("the model has results already; run(force_rerun=True) replaces them")
        check_mode(self.run_config)
        self._take_changes(force_rerun)
        built_for = self._backend and self._backend.data.config["run"].get("mode")
        if force_rerun or built_for != self.run_config.get("mode"):
            self._backend = self._build()
        assert self._backend is not None
        earlier, self._dispatch = self._dispatch, None
        self._views = {}
        if build_only:
            return
        backend = self._backend
        if backend.data.inputs is not self.data.inputs:
            self.data.inputs = backend.data.inputs
        weights = backend.data.config["run"]["objective_options"]
        self.run_config.set_key("objective_options", weights)
        settings = solver_of(self.data.config["run"], solver, solver_options, time_limit_s, mip_gap)
        self._dispatch = solved(
            self.data,
            backend.current(),
            self._yaml,
            settings,
            earlier=earlier,
            log_path=log_path,
        )

    def _take_changes(self, force_rerun: bool) -> None:
        """Take what was changed in the view of the inputs into the model."""
        from anello.api.calliope_layout import written_back

        if "inputs" not in self._views:
            return
        inputs = written_back(self.data, self._views["inputs"])
        if inputs is self.data.inputs:
            return
        if self._backend is not None and self._backend.edited and not force_rerun:
            raise AnelloError(
                "both `inputs` and `backend` were changed: run(force_rerun=True) gives the changes"
                " of `backend` up; make them in one place"
            )
        self.data.inputs = inputs
        self._backend = None

    def _build(self) -> Backend[Model]:
        from anello.api.backend import Backend

        check_mode(self.run_config)
        self._take_changes(force_rerun=True)
        return Backend(self.data, partial(_rerun, self.run_config))

    # --- saving -------------------------------------------------------------------------------
    def to_netcdf(self, path: str | os.PathLike[str]) -> None:
        """Write inputs, settings and, if there are any, results to one file.

        :func:`anello.read_netcdf` makes a model of it again.
        """
        groups = stored_groups(self.data, self._yaml)
        if self._dispatch is not None:
            groups["results"] = self._dispatch
        write_netcdf(groups, Path(path))

    def to_csv(self, path: str | os.PathLike[str], dropna: bool = True) -> None:
        """Write each input and result as a table, ``inputs_*.csv`` and ``results_*.csv``.

        ``variables.csv`` beside them lists units and meaning.

        Parameters
        ----------
        path : path-like
            The folder to make; it appears whole or not at all.
        dropna : bool
            Whether rows without a value are left out.

        Raises
        ------
        FileExistsError
            If the folder exists.
        """
        from anello.api.saving import write_csv

        views = {"inputs": self.inputs}
        if self.is_solved:
            views["results"] = self.results
        write_csv(views, path, dropna)

    def to_excel(self, path: str | os.PathLike[str], currency: str = "€") -> None:
        """Write the results as one Excel workbook, for people without anello.

        Parameters
        ----------
        path : path-like
            The ``.xlsx`` file; it appears whole or not at all.
        currency : str
            What the cost class ``monetary`` counts in.

        Raises
        ------
        NotRunError
            If the model is not solved.
        ArtefactError
            If Excel cannot hold so many time steps.
        """
        from anello.api.saving import as_scenarios
        from anello.present.report.config import FiguresConfig
        from anello.present.workbook.write import write_workbook

        scenarios = as_scenarios(self.data, self.dispatch)
        write_workbook(scenarios, Path(path), FiguresConfig(currency=currency))

    def to_iamc(self, path: str | os.PathLike[str], currency: str = "€") -> None:
        """Write yearly results as CSV in the format of the IAMC, which pyam reads.

        Parameters
        ----------
        path : path-like
            The file; it appears whole or not at all.
        currency : str
            What the cost class ``monetary`` counts in.

        Raises
        ------
        NotRunError
            If the model is not solved.
        """
        from anello.api.saving import as_scenarios
        from anello.present.iamc.table import write_iamc
        from anello.present.report.config import FiguresConfig

        scenarios = as_scenarios(self.data, self.dispatch)
        write_iamc(scenarios, Path(path), FiguresConfig(currency=currency))

    def to_lp(self, path: str | os.PathLike[str]) -> None:
        """Write the optimisation problem as an LP file with readable names; built if necessary."""
        with tempfile.TemporaryDirectory() as folder, atomic_path(path) as temporary:
            # Pyomo doubts the hidden name of a file that is not whole yet.
            plain = Path(folder) / "model.lp"
            self.backend.current().write(
                str(plain), format="lp", io_options={"symbolic_solver_labels": True}
            )
            shutil.copyfile(plain, temporary)

    def save_commented_model_yaml(self, path: str | os.PathLike[str]) -> None:
        """Write the configuration as it was used, each value with the file and line it came from.

        Imports, overrides and scenarios are applied; values without a comment are defaults.

        Raises
        ------
        AnelloError
            If the model was not made from a configuration.
        """
        if not self._yaml:
            raise AnelloError("this model was not made from YAML or a dictionary")
        write_text(path, self._yaml)


def _rerun(run_config: AttrDict, data: ModelData, model: ArrayModel) -> Model:
    """Solve an edited problem into a model of its own, with the solver its parent would use."""
    for key in ("solver", "solver_options", "save_logs"):
        data.config["run"][key] = run_config.get(key)
    return Model.from_data(data, solved(data, model))
