"""Binding of the rule `point` where all steps of a point are one job."""

from anello.run.stages.reporting import reporting

if __name__ == "__main__":
    with reporting(
        snakemake.log[0],
        f"Point {snakemake.wildcards.point}",
        snakemake.input,
        snakemake.output,
    ):
        from anello.run.scenario_config import ScenarioConfig
        from anello.run.stages.point import run_point

        run_point(
            ScenarioConfig.model_validate(snakemake.params.settings),
            snakemake.output.record,
            run=snakemake.wildcards.run,
            point=snakemake.wildcards.point,
            scenario=snakemake.params.scenario,
            values=snakemake.params.values,
            fingerprint=snakemake.params.fingerprint,
            model_folder=snakemake.input.get("model") or None,
        )
