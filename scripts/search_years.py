"""Binding of the rule `search_years`."""

from pathlib import Path

from anello.run.stages.reporting import reporting

if __name__ == "__main__":
    with reporting(
        snakemake.log.stage,
        f"Sizes of scenario {snakemake.wildcards.scenario}",
        snakemake.input,
        snakemake.output,
    ):
        from anello.coupling.config import CouplingConfig
        from anello.optimise.solve.config import SolverConfig
        from anello.ring.config import RingConfig
        from anello.run.stages.years import search_years

        told = snakemake.params.settings
        limit_s = snakemake.resources.time_limit_s or None
        asked = SolverConfig.model_validate(told["solver"])
        search_years(
            model_data=dict(zip(told["weights"], snakemake.input.models, strict=True)),
            weights=told["weights"],
            ring=RingConfig.model_validate(told["ring"]),
            coupling=CouplingConfig.model_validate(told["coupling"]),
            solver=asked.model_copy(update={"time_limit_s": limit_s}),
            folder=snakemake.output.folder,
            # No output of the rule, so that Snakemake keeps it when the job is killed.
            working=Path(snakemake.output.folder).with_name("searching"),
            kept_record=snakemake.log.record,
            scenario=snakemake.wildcards.scenario,
            fingerprint=snakemake.params.code,
        )
