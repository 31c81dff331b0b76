"""Binding of the rule `preprocess`."""

from anello.run.stages.reporting import reporting

if __name__ == "__main__":
    with reporting(
        snakemake.log.stage,
        f"Data of scenario {snakemake.wildcards.scenario}",
        snakemake.input,
        snakemake.output,
    ):
        from pydantic import TypeAdapter

        from anello.run.preprocess.config import DataConfig, QualityConfig
        from anello.run.stages.preprocess import preprocess_scenario

        settings = snakemake.params.settings
        preprocess_scenario(
            data=TypeAdapter(DataConfig).validate_python(settings["data"]),
            quality=QualityConfig.model_validate(settings["quality"]),
            folder=snakemake.input.get("folder") or "",
            model_scenario=settings["model_scenario"],
            overrides=settings["overrides"],
            model_data=snakemake.output.model,
            report_json=snakemake.output.quality,
            report_csv=snakemake.output.table,
            kept_report=snakemake.log.quality,
        )
