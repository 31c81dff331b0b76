"""Binding of the rule `draw`."""

from anello.run.stages.reporting import reporting

if __name__ == "__main__":
    with reporting(
        snakemake.log[0],
        f"Figures of scenario {snakemake.wildcards.scenario}",
        snakemake.input,
        snakemake.output,
    ):
        from anello.present.report.config import FiguresConfig
        from anello.run.stages.draw import draw_scenario

        draw_scenario(
            snakemake.input.results,
            snakemake.output.figures,
            FiguresConfig.model_validate(snakemake.params.settings["figures"]),
        )
