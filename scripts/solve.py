"""Binding of the rule `solve`."""

from anello.run.stages.reporting import ended_after, reporting

# How often its limit a solver may take, for the rounds after trouble and the search for a cause.
PATIENCE = 5

if __name__ == "__main__":
    where = f"{snakemake.wildcards.scenario}, iteration {snakemake.wildcards.iteration}"
    step = f"Dispatch of {where}"
    limit_s = snakemake.resources.time_limit_s or None
    last_s = None if limit_s is None else PATIENCE * limit_s + 60
    with (
        reporting(snakemake.log.stage, step, snakemake.input, snakemake.output),
        ended_after(last_s, step),
    ):
        from anello.coupling.config import CouplingConfig
        from anello.optimise.solve.config import SolverConfig
        from anello.ring.config import RingConfig
        from anello.run.stages.solve import solve_iteration

        asked = SolverConfig.model_validate(snakemake.params.settings["solver"])
        solve_iteration(
            model_data=snakemake.input.model,
            problem=snakemake.input.problem,
            settings=asked.model_copy(update={"time_limit_s": limit_s}),
            dispatch=snakemake.output.dispatch,
            basis=snakemake.output.basis,
            report=snakemake.output.report,
            solver_log=snakemake.log.solver,
            ring_settings=RingConfig.model_validate(snakemake.params.settings["ring"]),
            coupling=CouplingConfig.model_validate(snakemake.params.settings["coupling"]),
            cop=snakemake.input.get("cop") or None,
            previous_basis=snakemake.input.get("basis") or None,
        )
