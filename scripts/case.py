"""Binding of the rule `case`."""

from anello.run.stages.reporting import reporting

if __name__ == "__main__":
    with reporting(
        snakemake.log[0],
        f"Case {snakemake.wildcards.case}",
        snakemake.input,
        snakemake.output,
    ):
        from anello.run.stages.case import run_case
        from anello.run.studies.cases import Case

        start = snakemake.input.start
        run_case(
            Case.from_told(snakemake.params.case),
            snakemake.params.settings,
            snakemake.output.record,
            run=snakemake.wildcards.run,
            fingerprint=snakemake.params.fingerprint,
            start=start[0] if start else None,
            ends=snakemake.input.ends,
            model_folder=snakemake.input.get("model") or None,
        )
