"""Binding of the rule `write_shared`."""

from anello.run.stages.reporting import reporting

if __name__ == "__main__":
    with reporting(
        snakemake.log[0],
        f"Workbook and IAMC table of run {snakemake.wildcards.run}",
        snakemake.input,
        snakemake.output,
    ):
        from anello.present.report.config import FiguresConfig
        from anello.run.stages.share import share_run

        share_run(
            dict(zip(snakemake.params.scenarios, snakemake.input.results, strict=True)),
            workbook=snakemake.output.workbook,
            table=snakemake.output.table,
            settings=FiguresConfig.model_validate(snakemake.params.settings),
        )
