# What jobs ask for before they run: of a cluster memory and minutes, of a GPU a part of its memory.
#
# A job that was killed for want of memory or time asks again for twice, three times as much. How often, and
# all that depends on the cluster, is in its profile: see profiles/slurm/config.yaml.
from snakemake.io import _IOFile

from repscape import needs

SITE = workflow.resource_settings.default_resources or {}
# `for_gpu_NAME` in a profile's default-resources is the resource NAME of jobs that use a GPU.
FOR_GPU = "for_gpu_"
GPU_SETTINGS = [name.removeprefix(FOR_GPU) for name in SITE if name.startswith(FOR_GPU)]


def gpu_wanted(wildcards=None):
    """1 where a network runs on a GPU; `auto`: this machine has one, or its profile says the cluster has."""
    here = bool(GPU_SETTINGS) or (workflow.local_exec and has_gpu())
    return int(CONFIG["device"] == "cuda" or (CONFIG["device"] == "auto" and here))


def on_gpu(wanted):
    """What a job asks of the executor where it is `wanted` that it uses a GPU: one, and its partition."""

    def number(wildcards):
        return wanted(wildcards) or None  # some executors take 0 for a wish

    def setting(name):
        def chosen(wildcards, input, attempt, threads, rulename, async_run):
            resource = SITE.get(FOR_GPU + name if wanted(wildcards) else name)
            asked = {"input": input, "attempt": attempt, "threads": threads}
            asked |= {"rulename": rulename, "async_run": async_run}
            return resource and resource.evaluate(wildcards, **asked).value

        return chosen

    return {"gpu": number} | {name: setting(name) for name in GPU_SETTINGS}


def growing(usual):
    return lambda wildcards, attempt: usual * attempt


def reading_mb(wildcards, input, attempt):
    return needs.reading(input) * attempt


def running_mb(wildcards, input, attempt):
    return needs.running(input, on_gpu=gpu_wanted()) * attempt


def running_gpu_mb(wanted):
    return lambda wildcards: needs.RUNNING_ON_GPU * wanted(wildcards)


def rdms_mb(wildcards, input, attempt):
    if wildcards.stimulus in STUDY.shards:  # in blocks, which fill what they may
        return CONFIG["rdms"]["memory"] * attempt
    recorded = CONFIG["populations"].get(wildcards.population, {}).get("units")
    share = int(wildcards.size) / recorded if recorded and wildcards.size != "all" else 1
    return needs.dissimilarities(input.activations, min(share, 1)) * attempt


def recording_mb(source):
    def mb(wildcards, input, attempt):
        sizes = recorded_sizes(source, wildcards.population)
        return needs.recording(input.network, input.population, **sizes, on_gpu=gpu_wanted()) * attempt

    return mb


def recording_gpu_mb(source):
    """Of the GPU's memory; a job that finds less takes smaller batches, so nothing grows."""

    def mb(wildcards, input):
        return needs.on_device(input.network, **recorded_sizes(source, wildcards.population)) * gpu_wanted()

    return mb


def recorded_sizes(source, population):
    section = CONFIG["networks"][source]
    return {
        "largest": needs.widest(planned.rows(section), section),
        "recorded": CONFIG["populations"][population].get("units"),
        "batch": CONFIG["activations"]["cuda_batch" if gpu_wanted() else "batch"],
    }


def turn(wildcards):
    """Of a job in a group, whose members run one after another: 1 on a cluster; here there are no groups."""
    return int(not workflow.local_exec)


# So a group asks for the memory of its largest member and the minutes of all.
workflow.global_resources["turn"] = 1

# Here, jobs share the GPU: as many run at once as find room in the memory that is free on it now.
if has_gpu() and workflow.is_main_process and not {"gpu", "gpu_mb"} & set(workflow.global_resources):
    free = free_gpu_memory()
    workflow.global_resources["gpu" if free is None else "gpu_mb"] = 1 if free is None else free


def read_inputs_once():
    """Let Snakemake read a file for its checksum once, as long as the file stays the same.

    After a job it asks for the checksums of all inputs once for each output, in the process that starts jobs.
    """
    compute, known = _IOFile.checksum, {}

    async def checksum(file, *arguments, **keywords):
        try:
            there = os.stat(file.file)
        except OSError:
            return await compute(file, *arguments, **keywords)
        state = there.st_ino, there.st_mtime_ns, there.st_size
        key = file.file, state, arguments, tuple(keywords.items())
        if key not in known:
            known[key] = await compute(file, *arguments, **keywords)
        return known[key]

    _IOFile.checksum = checksum


def look_when_a_job_ends():
    """Let Snakemake look for jobs to start when one has ended, and at no other time.

    Its limit of jobs a second, which a cluster may need, makes each look cause another a second later, for ever:
    after a hundred jobs it looks a hundred times a second, at the files of all that are ready.
    """
    workflow.scheduler.job_rate_limiter = None
