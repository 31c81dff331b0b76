"""Binding of the rule `write_report`."""

from anello.run.stages.reporting import reporting

if __name__ == "__main__":
    with reporting(
        snakemake.log[0],
        f"Report on run {snakemake.wildcards.run}",
        snakemake.input,
        snakemake.output,
    ):
        from anello.present.report.config import FiguresConfig
        from anello.run.stages.report import report_run

        report_run(
            dict(zip(snakemake.params.scenarios, snakemake.input.results, strict=True)),
            page=snakemake.output.page,
            table=snakemake.output.table,
            figures=snakemake.output.figures,
            settings=FiguresConfig.model_validate(snakemake.params.settings),
            sensitivity=snakemake.input.get("sensitivity") or None,
            pareto=snakemake.input.get("pareto") or None,
        )
