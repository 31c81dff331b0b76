"""Binding of the rule `collect_year`."""

from anello.run.stages.reporting import reporting

if __name__ == "__main__":
    with reporting(
        snakemake.log.stage,
        f"Results of scenario {snakemake.wildcards.scenario}",
        snakemake.input,
        snakemake.output,
    ):
        from anello.run.stages.years import collect_year

        collect_year(
            year=snakemake.params.settings["year"]["year"],
            search=snakemake.input.search,
            model_data=snakemake.input.model,
            quality=snakemake.input.quality,
            settings=snakemake.params.settings,
            run=snakemake.wildcards.run,
            scenario=snakemake.wildcards.scenario,
            results=snakemake.output.results,
            summary=snakemake.output.summary,
            tables=snakemake.output.tables,
            kept_record=snakemake.log.record,
            kept_plot=snakemake.log.plot,
        )
