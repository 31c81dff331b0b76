"""Binding of the rules `finish_sensitivity` and `finish_pareto`."""

import sys

from anello.run.stages.reporting import reporting

if __name__ == "__main__":
    with reporting(
        snakemake.log[0],
        f"Study {snakemake.params.study} of {snakemake.wildcards.run}",
        snakemake.input,
        snakemake.output,
    ):
        from anello.present.report.config import FiguresConfig
        from anello.run.stages.study import finish_study

        told = snakemake.params.told
        said = finish_study(
            told["cases"],
            snakemake.input.records,
            table=snakemake.output.table,
            figures=snakemake.output.figures,
            settings=FiguresConfig.model_validate(told["figures"]),
            tolerance=told["tolerance"],
        )
        print(said, file=sys.stderr)
