# All results of a run for people without anello: `snakemake share`.
rule share:
    input:
        expand("results/{run}/results.xlsx", run=RUN),
        expand("results/{run}/iamc.csv", run=RUN),
    localrule: True


rule write_shared:
    input:
        results=expand("results/{{run}}/{scenario}/results.nc", scenario=SCENARIOS),
    output:
        workbook="results/{run}/results.xlsx",
        table="results/{run}/iamc.csv",
    log:
        "results/{run}/logs/share.log",
    benchmark:
        "results/{run}/benchmarks/share.tsv"
    conda:
        "../../envs/anello.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000, 50),
        runtime=growing(30, 1),
    params:
        scenarios=SCENARIOS,
        settings=SETTINGS.figures.model_dump(
            mode="json", include={"names", "currency", "cost_class", "cost_units"}
        ),
        code=code("share.py"),
    message:
        "Workbook and IAMC table of run {wildcards.run}"
    script:
        "../../scripts/share.py"
