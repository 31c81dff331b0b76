"""Binding of the rule `gather`."""

import sys

from anello.run.stages.reporting import reporting

if __name__ == "__main__":
    with reporting(
        snakemake.log[0],
        f"Table of sweep {snakemake.wildcards.run}",
        snakemake.input,
        snakemake.output,
    ):
        from anello.run.stages.gather import gather_points

        said = gather_points(
            snakemake.input.records,
            netcdf=snakemake.output.netcdf,
            table=snakemake.output.table,
        )
        print(said, file=sys.stderr)
