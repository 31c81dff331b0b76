"""Binding of the rule `operate`."""

from anello.run.stages.reporting import reporting

if __name__ == "__main__":
    with reporting(
        snakemake.log[0],
        f"Operation of scenario {snakemake.wildcards.scenario}",
        snakemake.input,
        snakemake.output,
    ):
        from anello.coupling.config import CouplingConfig
        from anello.optimise.solve.config import SolverConfig
        from anello.ring.config import RingConfig
        from anello.run.stages.operate import operate_scenario

        operate_scenario(
            results=snakemake.input.results,
            operation=snakemake.output.operation,
            summary=snakemake.output.summary,
            ring_settings=RingConfig.model_validate(snakemake.params.settings["ring"]),
            coupling=CouplingConfig.model_validate(snakemake.params.settings["coupling"]),
            solver=SolverConfig.model_validate(snakemake.params.settings["solver"]),
        )
