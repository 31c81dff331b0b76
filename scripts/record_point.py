"""Binding of the rule `point` where each step of a point is a job of its own."""

from anello.run.stages.reporting import reporting

if __name__ == "__main__":
    with reporting(
        snakemake.log[0],
        f"Record of point {snakemake.wildcards.point}",
        snakemake.input,
        snakemake.output,
    ):
        from anello.run.stages.point import record_point

        record_point(
            snakemake.input.summary,
            snakemake.output.record,
            point=snakemake.wildcards.point,
            scenario=snakemake.params.scenario,
            values=snakemake.params.values,
            fingerprint=snakemake.params.fingerprint,
        )
