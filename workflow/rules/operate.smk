# Operation of a planned scenario, window by window: `snakemake results/<run>/<scenario>/operation.nc`.
# It is asked for by itself where the settings have `coupling.operation`.
rule operation:
    input:
        PLAN.operations(),
    localrule: True


rule operate:
    input:
        results="results/{run}/{scenario}/results.nc",
    output:
        operation="results/{run}/{scenario}/operation.nc",
        summary="results/{run}/{scenario}/operation.json",
    log:
        "results/{run}/{scenario}/logs/operate.log",
    benchmark:
        "results/{run}/{scenario}/benchmarks/operate.tsv"
    conda:
        "../../envs/anello.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000, 100),
        runtime=120,
    params:
        settings=settings("ring", "coupling", "solver"),
        code=code("operate.py"),
    message:
        "Scenario {wildcards.scenario}: operation"
    script:
        "../../scripts/operate.py"
