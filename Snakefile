# repscape: from stimuli and networks to RDMs, differentiation and figures.
#
# One list of nouns, in one order, names the rule files, the parts of the package, the sections
# of the config and the folders of results.
import atexit
import gc

from snakemake.utils import min_version

# What a plan makes stays. Python need neither look for garbage in it, nor take it apart at the end.
gc.disable()
atexit.register(gc.freeze)

min_version("9.27")


include: "workflow/rules/common.smk"
include: "workflow/rules/messages.smk"
include: "workflow/rules/jobs.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/stimuli.smk"
include: "workflow/rules/networks.smk"
include: "workflow/rules/recordings.smk"
include: "workflow/rules/populations.smk"
include: "workflow/rules/activations.smk"
include: "workflow/rules/samples.smk"
include: "workflow/rules/rdms.smk"
include: "workflow/rules/analyses.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/leftovers.smk"


# What is scarce on one machine is not on a cluster.
resource_scopes:
    gpu="local",
    gpu_mb="local",
    turn="local",


rule all:
    default_target: True
    input:
        rules.figures.input,
        rules.analyses.input,
        # A study that asks for neither is after its RDMs.
        [] if CONFIG["figures"] or STUDY.analyses else [rules.rdms.input, rules.recordings.input],


# Of a module Snakemake takes no hooks: a Snakefile that uses this one as such can call these functions in its own.
onstart:
    begin()


onsuccess:
    end_well()


onerror:
    end_badly()
