"""Binding of the rule `collect`."""

from anello.run.stages.reporting import reporting

if __name__ == "__main__":
    with reporting(
        snakemake.log.stage,
        f"Results of scenario {snakemake.wildcards.scenario}",
        snakemake.input,
        snakemake.output,
    ):
        from anello.run.stages.collect import collect_scenario

        collect_scenario(
            model_data=snakemake.input.model,
            quality=snakemake.input.quality,
            dispatch=snakemake.input.dispatch,
            rings=list(snakemake.input.get("rings", [])),
            record=next(iter(snakemake.input.get("record", [])), None),
            settings=snakemake.params.settings,
            run=snakemake.wildcards.run,
            scenario=snakemake.wildcards.scenario,
            results=snakemake.output.results,
            summary=snakemake.output.summary,
            tables=snakemake.output.tables,
            kept_record=snakemake.log.record,
            kept_plot=snakemake.log.plot,
        )
