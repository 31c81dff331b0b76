"""Binding of the rule `build`."""

from anello.run.stages.reporting import reporting

if __name__ == "__main__":
    with reporting(
        snakemake.log[0],
        f"Problem of scenario {snakemake.wildcards.scenario}",
        snakemake.input,
        snakemake.output,
    ):
        from anello.coupling.config import CouplingConfig
        from anello.ring.config import RingConfig
        from anello.run.stages.build import build_problem

        build_problem(
            snakemake.input.model,
            snakemake.output.problem,
            RingConfig.model_validate(snakemake.params.settings["ring"]),
            CouplingConfig.model_validate(snakemake.params.settings["coupling"]),
        )
