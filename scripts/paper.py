"""Binding of the rule `write_paper`."""

from anello.run.stages.reporting import reporting

if __name__ == "__main__":
    with reporting(
        snakemake.log[0],
        f"Paper of run {snakemake.wildcards.run}",
        snakemake.input,
        snakemake.output,
    ):
        from anello.present.report.config import FiguresConfig
        from anello.run.stages.paper import gather_paper

        scenarios = snakemake.params.scenarios
        gather_paper(
            dict(zip(scenarios, snakemake.input.results, strict=True)),
            dict(zip(scenarios, snakemake.params.models, strict=True)),
            dict(zip(scenarios, snakemake.input.figures, strict=True)),
            comparison=snakemake.input.comparison,
            folder=snakemake.output.folder,
            settings=FiguresConfig.model_validate(snakemake.params.settings),
        )
