"""Binding of the rule `check_convergence`."""

from anello.run.stages.reporting import reporting

if __name__ == "__main__":
    where = f"{snakemake.wildcards.scenario}, iteration {snakemake.wildcards.iteration}"
    with reporting(
        snakemake.log[0],
        f"Convergence of {where}",
        snakemake.input,
        snakemake.output,
    ):
        from anello.coupling.config import CouplingConfig
        from anello.ring.config import RingConfig
        from anello.run.stages.check_convergence import check_iteration

        check_iteration(
            ring=snakemake.input.ring,
            record=snakemake.output.record,
            coupling=CouplingConfig.model_validate(snakemake.params.settings["coupling"]),
            ring_settings=RingConfig.model_validate(snakemake.params.settings["ring"]),
            previous_ring=snakemake.input.get("before") or None,
            previous_record=snakemake.input.get("trace") or None,
        )
