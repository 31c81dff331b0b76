# Computes the embedded district, or retrieves the files of a study. A model folder of the user's own is
# used where it is.
rule retrieve:
    input:
        local_sources,
    output:
        folder=directory("results/{run}/{scenario}/model"),
    log:
        "results/{run}/{scenario}/logs/retrieve.log",
    benchmark:
        "results/{run}/{scenario}/benchmarks/retrieve.tsv"
    conda:
        "../../envs/anello.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000, 50),
        runtime=growing(30, 5),
    params:
        settings=settings("data"),
        code=code("retrieve.py"),
    message:
        "Scenario {wildcards.scenario}: model folder"
    script:
        "../../scripts/retrieve.py"


rule preprocess:
    input:
        folder=model_folder,
        files=own_model_files,
    output:
        model="results/{run}/{scenario}/model_data.nc",
        quality="results/{run}/{scenario}/quality.json",
        table="results/{run}/{scenario}/quality.csv",
    log:
        stage="results/{run}/{scenario}/logs/preprocess.log",
        # Kept when the series are refused, unlike an output.
        quality="results/{run}/{scenario}/logs/quality.json",
    benchmark:
        "results/{run}/{scenario}/benchmarks/preprocess.tsv"
    conda:
        "../../envs/anello.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000, 50),
        runtime=growing(30, 5),
    params:
        settings=settings("data", "quality", "model_scenario", "overrides"),
        code=code("preprocess.py"),
    message:
        "Scenario {wildcards.scenario}: model, series and their quality"
    script:
        "../../scripts/preprocess.py"
