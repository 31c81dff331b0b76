# Studies of a scenario: which assumption moves its cost most (`sensitivity`), and what less of another
# cost class costs (`pareto`). Their cases are computed like the points of a sweep, each from another.


wildcard_constraints:
    case=r"(sensitivity|pareto)~[A-Za-z0-9~-]+",


# Table and tornado: `snakemake sensitivity`.
rule sensitivity:
    input:
        expand("results/{run}/sensitivity.csv", run=RUN) if SETTINGS.sensitivity else [],
    localrule: True


# Table and front: `snakemake pareto`.
rule pareto:
    input:
        expand("results/{run}/pareto.csv", run=RUN) if SETTINGS.pareto else [],
    localrule: True


rule case:
    input:
        model=lambda w: PLAN.shared_model(w.case) or [],
        files=lambda w: of_user(PLAN.model_files(w.case)),
        start=lambda w: PLAN.case_records(PLAN.cases[w.case].starts),
        ends=lambda w: PLAN.case_records(PLAN.cases[w.case].ends),
    output:
        record="results/{run}/points/{case}/point.json",
    log:
        "results/{run}/points/{case}/logs/case.log",
    benchmark:
        "results/{run}/points/{case}/logs/benchmark.tsv"
    conda:
        "../../envs/anello.yaml"
    threads: lambda w: PLAN.solver_threads(w.case)
    resources:
        mem_mb=growing(2000, 100),
        runtime=growing(60, 10),
    params:
        settings=lambda w: PLAN.point_settings(w.case),
        case=lambda w: PLAN.told_case(w.case),
        fingerprint=lambda w: PLAN.case_fingerprint(w.case),
        code=code("case.py"),
    message:
        "Case {wildcards.case}"
    script:
        "../../scripts/case.py"


rule finish_sensitivity:
    input:
        records=PLAN.case_records(PLAN.study("sensitivity")),
    output:
        table="results/{run}/sensitivity.csv",
        figures=report(
            directory("results/{run}/tornado"),
            patterns=["{figure}.svg"],
            caption="../report/tornado.rst",
            category="Run",
        ),
    log:
        "results/{run}/logs/sensitivity.log",
    benchmark:
        "results/{run}/benchmarks/sensitivity.tsv"
    conda:
        "../../envs/anello.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000, 20),
        runtime=growing(10, 1),
    params:
        study="sensitivity",
        told=PLAN.told_study("sensitivity"),
        code=code("study.py"),
    message:
        "Sensitivity of {wildcards.run}"
    script:
        "../../scripts/study.py"


rule finish_pareto:
    input:
        records=PLAN.case_records(PLAN.study("pareto")),
    output:
        table="results/{run}/pareto.csv",
        figures=report(
            directory("results/{run}/front"),
            patterns=["{figure}.svg"],
            caption="../report/front.rst",
            category="Run",
        ),
    log:
        "results/{run}/logs/pareto.log",
    benchmark:
        "results/{run}/benchmarks/pareto.tsv"
    conda:
        "../../envs/anello.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000, 20),
        runtime=growing(10, 1),
    params:
        study="pareto",
        told=PLAN.told_study("pareto"),
        code=code("study.py"),
    message:
        "Front of {wildcards.run}"
    script:
        "../../scripts/study.py"
