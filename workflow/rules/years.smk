# A scenario with years: each year has a model and results of its own, as any scenario; one job finds the
# sizes for all of them together. Without years in the settings, no file matches these rules.


rule search_years:
    input:
        models=lambda w: expand(
            "results/{run}/{year}/model_data.nc",
            run=w.run,
            year=PLAN.years[w.scenario],
        ),
    output:
        folder=directory("results/{run}/{scenario}/search"),
    log:
        stage="results/{run}/{scenario}/logs/search.log",
        # Kept when the rule fails, unlike an output: what an unconverged search leaves behind.
        record="results/{run}/{scenario}/logs/convergence.json",
    benchmark:
        "results/{run}/{scenario}/benchmarks/search.tsv"
    wildcard_constraints:
        scenario=one_of(PLAN.years),
    conda:
        "../../envs/anello.yaml"
    threads: solver_threads
    resources:
        mem_mb=growing(2500, 200),
        runtime=growing(120, 20),
        # A resource and not a parameter: a longer limit must not make a finished search run again.
        time_limit_s=lambda w: PLAN.time_limit_s(w.scenario),
    params:
        settings=lambda w: PLAN.told_search(w.scenario),
        code=code("search_years.py"),
    message:
        "Scenario {wildcards.scenario}: sizes for all its years"
    script:
        "../../scripts/search_years.py"


rule collect_year:
    input:
        model="results/{run}/{scenario}/model_data.nc",
        quality="results/{run}/{scenario}/quality.json",
        search=lambda w: f"results/{w.run}/{PLAN.base_of(w.scenario)}/search",
    output:
        results="results/{run}/{scenario}/results.nc",
        summary="results/{run}/{scenario}/summary.json",
        tables=directory("results/{run}/{scenario}/csv"),
    log:
        stage="results/{run}/{scenario}/logs/collect.log",
        record="results/{run}/{scenario}/logs/convergence.json",
        plot="results/{run}/{scenario}/logs/convergence.svg",
    benchmark:
        "results/{run}/{scenario}/benchmarks/collect.tsv"
    wildcard_constraints:
        scenario=one_of(PLAN.of_years),
    conda:
        "../../envs/anello.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000, 50),
        runtime=growing(30, 5),
    params:
        settings=lambda w: PLAN.plain(w.scenario),
        code=code("collect_year.py"),
    message:
        "Scenario {wildcards.scenario}: results"
    script:
        "../../scripts/collect_year.py"
