# The workflow itself lies in workflow/. An included Snakefile does not hand on its default target.
include: "workflow/Snakefile"


rule default:
    default_target: True
    input:
        rules.all.input,
