include: "workflow/Snakefile"


workflow.default_target = rules.all.rule.name  # which an included file does not set
