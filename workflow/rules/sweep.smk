# A sweep runs its scenarios at each point of a parameter space. A point that fails leaves a record that
# says why, and does not keep the table from being written.


# The table of all points: `snakemake sweep`.
rule sweep:
    input:
        expand("results/{run}/sweep.nc", run=RUN) if POINTS else [],


if SETTINGS.sweep is not None and SETTINGS.sweep.one_job_per_point:

    # All steps and iterations within one job, which leaves the files that single jobs would leave.
    rule point:
        input:
            model=shared_model,
            files=point_model_files,
        output:
            record="results/{run}/points/{point}/point.json",
        log:
            "results/{run}/points/{point}/logs/point.log",
        benchmark:
            "results/{run}/points/{point}/logs/benchmark.tsv"
        conda:
            "../../envs/anello.yaml"
        threads: solver_threads
        resources:
            mem_mb=memory_mb(2000, 100),
            runtime=runtime_min(60, 10),
        params:
            settings=point_settings,
            scenario=lambda w: point_of(w.point).scenario,
            values=lambda w: point_of(w.point).values,
            fingerprint=point_fingerprint,
            code=code("point.py"),
        message:
            "Point {wildcards.point}"
        script:
            "../../scripts/point.py"

else:

    rule point:
        input:
            summary="results/{run}/{point}/summary.json",
        output:
            record="results/{run}/points/{point}/point.json",
        log:
            "results/{run}/points/{point}/logs/point.log",
        benchmark:
            "results/{run}/points/{point}/logs/benchmark.tsv"
        conda:
            "../../envs/anello.yaml"
        threads: 1
        resources:
            mem_mb=memory_mb(500, 20),
            runtime=runtime_min(10, 1),
        params:
            scenario=lambda w: point_of(w.point).scenario,
            values=lambda w: point_of(w.point).values,
            fingerprint=point_fingerprint,
            code=code("record_point.py"),
        message:
            "Point {wildcards.point}: record"
        script:
            "../../scripts/record_point.py"


rule gather:
    input:
        records=expand("results/{{run}}/points/{point}/point.json", point=POINTS),
    output:
        netcdf="results/{run}/sweep.nc",
        table="results/{run}/sweep.csv",
    log:
        "results/{run}/logs/gather.log",
    benchmark:
        "results/{run}/benchmarks/gather.tsv"
    conda:
        "../../envs/anello.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(1000, 20),
        runtime=runtime_min(10, 1),
    params:
        code=code("gather.py"),
    message:
        "Table of the points of {wildcards.run}"
    script:
        "../../scripts/gather.py"
