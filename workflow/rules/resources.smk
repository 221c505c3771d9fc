# What jobs ask for before they run: of a cluster memory and minutes, of a GPU a part of its memory.
#
# A job that was killed for lack of memory or time asks again for twice, three times as much. How often, and
# all that depends on the cluster, is in its profile: see profiles/slurm/config.yaml.
from snakemake.io import _IOFile

from repscape.planning import disk, resource_estimates
from repscape.rdms.read import LABELLED

SITE = workflow.resource_settings.default_resources or {}
# `for_gpu_NAME` in a profile's default-resources is the resource NAME of jobs that use a GPU.
FOR_GPU = "for_gpu_"
GPU_SETTINGS = [name.removeprefix(FOR_GPU) for name in SITE if name.startswith(FOR_GPU)]
BATCH = 100  # of a training that does not say it


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
    return resource_estimates.reading(input) * attempt


def plugin_mb(step, name):
    """Of an analysis or a figure: what it reads; what its network needs; what it keeps, if it says so."""
    section = CONFIG[step][name]
    streams = registry.find(step, section["kind"], name).streams
    kept = kept_mb(step, name)

    def mb(wildcards, input, attempt):
        if "device" not in section:
            return resource_estimates.reading(input, streams=streams) * attempt
        here = 0 if gpu_wanted() else kept()
        return (resource_estimates.running(input, on_gpu=gpu_wanted()) + here) * attempt

    return mb


def plugin_gpu_mb(analysis):
    kept, wanted = kept_mb("analyses", analysis), analysis_gpu(analysis)
    return lambda wildcards: resource_estimates.RUNNING_ON_GPU + kept() if wanted(wildcards) else 0


def kept_mb(step, name):
    """What a plugin that runs a network keeps where that runs."""
    section = CONFIG[step][name]
    if step == "figures":
        return lambda: 0
    return lambda: or_stop(schema.make(step, section, name).megabytes_kept, STUDY)


def running_gpu_mb(wanted):
    return lambda wildcards: resource_estimates.RUNNING_ON_GPU * wanted(wildcards)


def responses_mb(source):
    def mb(wildcards, input, attempt):
        return resource_estimates.reading([*input, *responses_files(source)]) * attempt

    return mb


def stimulus_mb(wildcards, input, attempt):
    """One that is made from others holds their images."""
    return (resource_estimates.running(input, on_gpu=False) if len(input) else 4000) * attempt


def trained_mb(wildcards):
    """What a training keeps of a batch."""
    section, images = network_section(wildcards), training_section(wildcards).get("batch", BATCH)
    return resource_estimates.training(
        resource_estimates.outputs(layer_table_cache.rows(section), section).all, images
    )


def training_mb(wildcards, input, attempt):
    return (
        resource_estimates.running(input, on_gpu=gpu_wanted())
        + (0 if gpu_wanted() else trained_mb(wildcards))
    ) * attempt


def training_gpu_mb(wildcards):
    return (resource_estimates.RUNNING_ON_GPU + trained_mb(wildcards)) * gpu_wanted()


def rdms_mb(wildcards, input, attempt):
    images = STUDY.images[wildcards.stimulus]
    if images > LABELLED:  # in blocks, which fill what they may
        return CONFIG["rdms"]["memory"] * attempt
    recorded = CONFIG["populations"].get(wildcards.population, {}).get("units")
    share = int(wildcards.size) / recorded if recorded and wildcards.size != "all" else 1
    draws = CONFIG["samples"][wildcards.population]["repeats"][wildcards.size]
    rdms = draws * len(CONFIG["rdms"]["metrics"])
    needed = resource_estimates.dissimilarities(input.activations, min(share, 1), images=images, rdms=rdms)
    return (needed if images else max(needed, CONFIG["rdms"]["memory"])) * attempt


def recording_mb(source):
    def mb(wildcards, input, attempt):
        sizes = recorded_sizes(source, wildcards, input)
        return (
            resource_estimates.recording(input.network, input.population, **sizes, on_gpu=gpu_wanted())
            * attempt
        )

    return mb


def recording_gpu_mb(source):
    """Of the GPU's memory; a job that finds less takes smaller batches, so nothing grows."""

    def mb(wildcards, input):
        return (
            resource_estimates.on_device(input.network, **recorded_sizes(source, wildcards, input))
            * gpu_wanted()
        )

    return mb


def recorded_sizes(source, wildcards, input):
    section = CONFIG["networks"][source]
    return {
        "pixels": resource_estimates.image(input.stimulus, STUDY.images[wildcards.stimulus]),
        "largest": resource_estimates.outputs(layer_table_cache.rows(section), section).largest,
        "recorded": CONFIG["populations"][wildcards.population].get("units"),
        "batch": CONFIG["activations"]["cuda_batch" if gpu_wanted() else "batch"],
    }


def turn(wildcards):
    """Of a job in a group, whose members run one after another: 1 on a cluster; here there are no groups."""
    return int(not workflow.local_exec)


# A group asks for the memory of its largest member and the minutes of all; here, jobs share the GPU: as many run at
# once as find room in the memory that is free on it now. Snakemake takes limits from its command line alone
# (snakemake/snakemake#1866).
LIMITED = has(workflow, "global_resources", "jobs of a group, or of a GPU, are not limited")
if LIMITED:
    workflow.global_resources["turn"] = 1
if (
    LIMITED
    and has_gpu()
    and workflow.is_main_process
    and not {"gpu", "gpu_mb"} & set(workflow.global_resources)
):
    free = free_gpu_memory()
    workflow.global_resources["gpu" if free is None else "gpu_mb"] = 1 if free is None else free


def read_inputs_once():
    """Let Snakemake read a file for its checksum once, as long as the file stays the same.

    After a job it asks for the checksums of all inputs once for each output, in the process that starts jobs
    (snakemake/snakemake#4240).
    """
    if not has(_IOFile, "checksum", "inputs are read more often than they need be"):
        return
    compute, known = _IOFile.checksum, {}

    async def checksum(file, *arguments, **keywords):
        try:
            found = os.stat(file.file)
        except OSError:
            return await compute(file, *arguments, **keywords)
        state = found.st_ino, found.st_mtime_ns, found.st_size
        key = file.file, state, arguments, tuple(keywords.items())
        if key not in known:
            known[key] = await compute(file, *arguments, **keywords)
        return known[key]

    _IOFile.checksum = checksum


def look_when_a_job_ends():
    """Let Snakemake look for jobs to start when one has ended, and at no other time.

    Its limit of jobs a second, which a cluster may need, makes each look cause another a second later, for ever:
    after a hundred jobs it looks a hundred times a second, at the files of all that are ready
    (snakemake/snakemake#3744).
    """
    if has(workflow.scheduler, "job_rate_limiter", "Snakemake looks for jobs more often than it need"):
        workflow.scheduler.job_rate_limiter = None


DISK = disk.Sizes(STUDY)


def free_disk():
    """The bytes that are free where results go."""
    folder = os.path.abspath(RESULTS)
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return shutil.disk_usage(folder).free


def to_make():
    return disk.to_make(DISK, (job.output for job in workflow.dag.needrun_jobs()))


def needed():
    """Say in lines what the plan needs of the disk and of memory."""
    found = to_make()
    if found.total() > 0:
        yield disk.statement(found, free_disk())
    try:
        disk.check(found, free_disk(), CONFIG["disk"], RESULTS)
    except RepscapeError as error:
        yield f"A run would stop: {error}"
    jobs = (job.output for job in workflow.dag.needrun_jobs())
    memory = 10**6 * disk.most_memory(DISK, jobs, on_gpu=gpu_wanted())
    available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if memory:
        here = f"; this machine has {disk.amount(available)}" if workflow.local_exec else ""
        yield f"Memory: up to {disk.amount(memory)} for one job{here}."
    if workflow.local_exec and memory > available:
        yield "If a job is killed, take fewer units or images, or smaller batches (activations: batch)."


def check_disk():
    """Stop before the first job if what the jobs write does not fit."""
    or_stop(disk.check, to_make(), free_disk(), CONFIG["disk"], RESULTS)


TERMINAL.needed = needed
