"""The step `operate`: a planned district, run window by window as an operator would."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING

import xarray as xr

from anello.base.files import FilePath, write_json
from anello.base.labelled import total_of
from anello.coupling.operate import CoupledWindow, operate_district
from anello.errors import ArtefactError
from anello.model.data import ModelData
from anello.optimise.results.collection import read_results
from anello.optimise.results.netcdf import write_netcdf
from anello.ring.adapt import ring_dataset

if TYPE_CHECKING:
    from anello.coupling.config import CouplingConfig
    from anello.optimise.solve.config import SolverConfig
    from anello.ring.config import RingConfig

logger = logging.getLogger(__name__)


def operate_scenario(
    *,
    results: FilePath,
    operation: FilePath,
    summary: FilePath,
    ring_settings: RingConfig,
    coupling: CouplingConfig,
    solver: SolverConfig,
) -> None:
    """Operate a scenario with the capacities of its results, and lay the cost beside theirs.

    Parameters
    ----------
    results : path-like
        The scenario's results, as `collect_scenario` writes them.
    operation, summary : path-like
        Where dispatch and ring go, and what is to be said about them.
    ring_settings, coupling, solver : RingConfig, CouplingConfig, SolverConfig
        The ring, how each horizon is coupled with it, and the solver.

    Raises
    ------
    SolveError, CopRangeError, EnergyAuditError
        If a window fails; names its dates.
    InputError
        If the ring cannot be operated window by window.
    ArtefactError
        If the results cannot be read.
    """
    plan = read_results(results)
    if plan.ring is None or coupling.operation is None:
        raise ArtefactError(f"{results} holds no ring that could be operated; make it again")

    def tell(done: CoupledWindow) -> None:
        level = logging.INFO if done.converged else logging.WARNING
        logger.log(
            level,
            "steps %d to %d: %d programmes, ring %.2f to %.2f °C, %s",
            done.window.first,
            done.window.stop - 1,
            done.iterations,
            done.start_degc,
            done.end_degc,
            "converged" if done.converged else "not converged: the best one is used",
        )

    done = operate_district(
        ModelData(plan.inputs, plan.config),
        ring_settings,
        coupling,
        solver,
        window_h=coupling.operation.window_hours,
        horizon_h=coupling.operation.horizon_hours,
        earlier=plan.results,
        on_window=tell,
    )
    planned_eur = float(plan.ring.attrs["j_sim_eur"]) - float(plan.ring.attrs["investment_eur"])
    write_netcdf(
        {
            "/": xr.Dataset(attrs=plan.attrs),
            "results": done.dispatch,
            "ring": ring_dataset(done.ring),
        },
        operation,
    )
    write_json(
        summary,
        {
            "windows": len(done.windows),
            "programmes": sum(one.iterations for one in done.windows),
            "not_converged": sum(not one.converged for one in done.windows),
            "operation_eur": done.cost.total_eur,
            "operation_promised_eur": done.cost.dispatch_eur,
            "operation_planned_eur": planned_eur,
            "unmet_demand_kwh": total_of(done.dispatch, "unmet_demand"),
            "trace": [asdict(one) for one in done.windows],
        },
    )
    logger.info(
        "operation costs %.2f in %d windows, %.2f in the plan",
        done.cost.total_eur,
        len(done.windows),
        planned_eur,
    )
