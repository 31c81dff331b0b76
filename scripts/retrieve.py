"""Binding of the rule `retrieve`."""

from anello.run.stages.reporting import reporting

if __name__ == "__main__":
    with reporting(
        snakemake.log[0],
        f"Model of scenario {snakemake.wildcards.scenario}",
        snakemake.input,
        snakemake.output,
    ):
        from pydantic import TypeAdapter

        from anello.run.preprocess.config import DataConfig
        from anello.run.stages.preprocess import retrieve_model

        data = TypeAdapter(DataConfig).validate_python(snakemake.params.settings["data"])
        retrieve_model(data, snakemake.output.folder)
