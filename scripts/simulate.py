"""Binding of the rule `simulate`."""

from anello.run.stages.reporting import reporting

if __name__ == "__main__":
    where = f"{snakemake.wildcards.scenario}, iteration {snakemake.wildcards.iteration}"
    with reporting(
        snakemake.log[0],
        f"Ring of {where}",
        snakemake.input,
        snakemake.output,
    ):
        from anello.coupling.config import CouplingConfig
        from anello.ring.config import RingConfig
        from anello.run.stages.simulate import simulate_iteration

        simulate_iteration(
            model_data=snakemake.input.model,
            dispatch=snakemake.input.dispatch,
            ring=snakemake.output.ring,
            cop=snakemake.output.cop,
            ring_settings=RingConfig.model_validate(snakemake.params.settings["ring"]),
            coupling=CouplingConfig.model_validate(snakemake.params.settings["coupling"]),
            cop_used=snakemake.input.get("cop") or None,
            first_ring=snakemake.input.get("first") or None,
            earlier_rings=list(snakemake.input.get("earlier", [])),
            iteration=int(snakemake.wildcards.iteration),
        )
