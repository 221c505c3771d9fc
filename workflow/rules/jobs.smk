# What a job depends on beside its input files.
#
# There is one parameter a job, the mapping `job`: a change in it reruns the job. It holds what the
# script needs from the config, `code`, the digest of what the script runs, and `files`, the digests of the
# user's files: these are no inputs, for Snakemake goes by dates.
from repscape.io import file_digests
from repscape.plugin import arguments, user_functions
from repscape.plugin.contract import Population
from repscape.rdms.sets import own_functions
from repscape.report import contents as contents_of_page, templates
from repscape.study import simulations


def stimulus_section(wildcards):
    return CONFIG["stimuli"][wildcards.stimulus]


def stimulus_inputs(wildcards):
    return made_from("stimuli", stimulus_section(wildcards))


def stimulus_job(wildcards):
    section = stimulus_section(wildcards)
    return {
        "section": section,
        "files": contents("stimuli", section),
        **libraries_if_run("stimuli", section),
        "code": code("stimulus.py", stimuli=section["kind"]),
    }


def stimulus_threads(wildcards):
    return stimulus_section(wildcards).get("threads", 1)


def stimulus_gpu(wildcards):
    return gpu_wanted() if "device" in stimulus_section(wildcards) else 0


def stimulus_group(wildcards):
    """A job runs alone where it runs a network, or waits for other stimuli, which could be of the group."""
    section = stimulus_section(wildcards)
    alone = "device" in section or made_from("stimuli", section)
    return None if alone else "stimuli"


def network_section(wildcards):
    return CONFIG["networks"][wildcards.source]


def network_inputs(wildcards):
    trained = network_section(wildcards)["training"] is not None
    return {"trained": STUDY.path("trained", source=wildcards.source)} if trained else {}


def network_job(wildcards):
    section = network_section(wildcards)
    elsewhere = ("layers", "stimuli", "samples", "training")
    return {
        "section": {key: section[key] for key in section if key not in elsewhere},
        "files": contents("networks", section),
        "code_files": or_stop(layer_table_cache.code_digests, section),
        "libraries": libraries() | layer_table_cache.libraries(section),
        "code": code("network.py", networks=section["kind"]),
    }


def training_section(wildcards):
    return network_section(wildcards)["training"]


def training_inputs(wildcards):
    return {
        key: STUDY.path("stimulus", stimulus=training_section(wildcards)[key])
        for key in ("stimulus", "held_out")
    }


def training_job(wildcards):
    section, training = network_section(wildcards), training_section(wildcards)
    return {
        **network_job(wildcards),
        "training": training,
        "code": code("training.py", networks=section["kind"], trainings=training["kind"]),
    }


def training_threads(wildcards):
    return training_section(wildcards)["threads"]


def recording_section(wildcards):
    return CONFIG["recordings"][wildcards.recording]


def recording_inputs(wildcards):
    return {"stimulus": STUDY.path("stimulus", stimulus=recording_section(wildcards)["stimulus"])}


def recording_job(wildcards):
    section = recording_section(wildcards)
    return {
        "section": section,
        "files": contents("recordings", section),
        "code": code("recording.py", recordings=section["kind"]),
    }


def responses_inputs(source):
    return {"stimuli": [STUDY.path("stimulus", stimulus=name) for name in STUDY.stimuli_of(source)]}


def responses_files(source):
    return named_files("recordings", CONFIG["recordings"][source])


def responses_job(source):
    section = CONFIG["recordings"][source]
    return {
        "section": {key: section[key] for key in section if key != "samples"},
        "files": contents("recordings", section),
        "stimuli": STUDY.stimuli_of(source),
        "code": code("responses.py", recordings=section["kind"]),
    }


def replay_job(source):
    return {"areas": STUDY.layers[source], "code": code("replay.py")}


def population_inputs(wildcards):
    section, source = CONFIG["populations"][wildcards.population], wildcards.source
    if source in STUDY.recordings:
        return {"responses": STUDY.path("responses", source=source, stimulus=STUDY.stimuli_of(source)[0])}
    files = made_from("populations", section)
    files["layers"] = STUDY.path("layers", source=source)
    if registry.find("populations", section["kind"]).measure is not Population.measure:
        files["network"] = STUDY.path("network", source=source)
    return files


def population_job(wildcards):
    section = CONFIG["populations"][wildcards.population]
    return {
        "section": section,
        "layers": STUDY.layers[wildcards.source],
        "labels": list(STUDY.labels[wildcards.source].values()),
        **({"libraries": libraries()} if "device" in section else {}),
        "code": code("population.py", populations=section["kind"]),
    }


def population_threads(wildcards):
    return CONFIG["populations"][wildcards.population].get("threads", 1)


def population_gpu(wildcards):
    return gpu_wanted() if "device" in CONFIG["populations"][wildcards.population] else 0


def population_group(wildcards):
    return None if "device" in CONFIG["populations"][wildcards.population] else "units"


def activations_job(source):
    # In how many parts it is done makes no difference to what comes out.
    return {
        **{key: value for key, value in CONFIG["activations"].items() if key != "shard"},
        "layers": STUDY.layers[source],
        "device": CONFIG["device"],
        "libraries": libraries(),
        "code": code("activations.py"),
    }


def merge_inputs(source):
    def files(wildcards):
        shards = STUDY.shard_files(source, wildcards.stimulus)
        stimulus = STUDY.path("stimulus", stimulus=wildcards.stimulus)
        return {"shards": expand(shards, population=wildcards.population), "stimulus": stimulus}

    return files


def sample_job(source):
    def job(wildcards):
        return {
            "layers": STUDY.layers[source],
            "repeats": CONFIG["samples"][wildcards.population]["repeats"][wildcards.size],
            "draw": CONFIG["samples"][wildcards.population]["draw"],
            "seed": CONFIG["seed"],
            "code": code("samples.py"),
        }

    return job


def rdm_job(source):
    def job(wildcards):
        metrics, sets = CONFIG["rdms"]["metrics"], CONFIG["rdms"]["sets"]
        sets = {name: sets[name] for name in sets if sets[name]["stimulus"] == wildcards.stimulus}
        functions = own_functions(sets)
        files = [file for one in functions for file in or_stop(user_functions.code_files, one, "rdms.sets")]
        return {
            "metrics": metrics,
            "sets": sets,
            "layers": STUDY.layers[source],
            "code": code("rdms.py", *files, metrics={metric["kind"] for metric in metrics}),
        }

    return job


def inputs_of(step, name):
    """The input function of an analysis or a figure: its plugin says what it needs."""
    section = CONFIG[step][name]
    return lambda wildcards: or_stop(schema.make(step, section, name).inputs, STUDY)


def analysis_outputs(analysis):
    outputs = {"data": STUDY.path("analysis", analysis=analysis)}
    if registry.find("analyses", CONFIG["analyses"][analysis]["kind"], analysis).makes_table:
        outputs["table"] = STUDY.path("table", analysis=analysis)
    return outputs


def analysis_job(analysis):
    # A function, asked only if the analysis is made: of others the study may lack what they need.
    def job(wildcards):
        section = CONFIG["analyses"][analysis]
        return {
            "section": section | or_stop(schema.make("analyses", section).from_study, STUDY),
            **simulated("analyses", analysis),
            "libraries": (libraries() if "device" in section else {}) | libraries_of("analyses", section),
            "code": code("analysis.py", analyses=section["kind"]),
        }

    return job


def simulated(step, name):
    """The simulated recordings that a result is made from, if there are any."""
    found = or_stop(simulations.behind, STUDY, step, name)
    return {"simulated": found} if found else {}


def analysis_gpu(analysis):
    return lambda wildcards: gpu_wanted() if "device" in CONFIG["analyses"][analysis] else 0


def figure_job(figure):
    section = CONFIG["figures"][figure]
    job = {"section": section, "code": code("figure.py", figures=section["kind"])}
    job |= simulated("figures", figure)
    if registry.find("figures", section["kind"], figure).shows_stimuli:
        # The colours of stimuli depend on all of them.
        reference = CONFIG["analyses"]["differentiation"]["reference"]
        job |= {"stimuli": STUDY.stimuli, "reference": reference}
    return job


def figure_outputs(figure):
    plugin = registry.find("figures", CONFIG["figures"][figure]["kind"], figure)
    outputs = {
        "svg": figure_in_report(figure, plugin.category),
        "png": STUDY.path("figure", figure=figure, format="png"),
        "caption": STUDY.path("figure", figure=figure, format="rst"),
    }
    if plugin.saves_data:
        outputs["data"] = STUDY.path("figure", figure=figure, format="nc")
    return outputs


def figure_formats(figure):
    """The formats of a figure's files."""
    saves_data = registry.find("figures", CONFIG["figures"][figure]["kind"], figure).saves_data
    return ["svg", "png", "rst", *(["nc"] if saves_data else [])]


def figure_in_report(figure, category):
    """The figure as the report shows it: by its file, caption and group."""
    return report(
        STUDY.path("figure", figure=figure, format="svg"),
        caption=os.path.abspath(STUDY.path("figure", figure=figure, format="rst")),
        category=category,
        labels={"figure": figure.replace("_", " "), "study": STUDY.name},
    )


def index_inputs(wildcards):
    files = or_stop(contents_of_page.inputs, STUDY, ORDER)
    # What is linked to is not read: the page is the same whatever is in it.
    return files | {"analyses": ancient(files["analyses"])}


def index_job(wildcards):
    return {
        "contents": or_stop(contents_of_page.contents, STUDY, ORDER),
        "template": templates.digest(),
        "code": code("index.py"),
    }


def named_files(step, section):
    """The local files that a section of the config names, and those that these name."""
    return or_stop(arguments.named_files, step, section)


def made_from(step, section):
    """The files of the study that a section of the config names, by parameter."""
    return STUDY.made_from(schema.made_parameters(registry.find(step, section["kind"])), section)


def libraries_if_run(step, section):
    """The versions of libraries, where the plugin runs a network."""
    runs = "network" in schema.made_parameters(registry.find(step, section["kind"])).values()
    return {"libraries": libraries()} if runs else {}


def libraries_of(step, section):
    """The versions of libraries that a plugin names, because its numbers depend on them."""
    return or_stop(registry.library_versions, step, section["kind"])


CONTENTS = {}


def contents(step, section):
    """What says that a file of a section came, went or changed: looked at once, for a plan must see one state."""
    key = tuple(named_files(step, section))
    if key not in CONTENTS:
        CONTENTS[key] = file_digests.contents(key)
    return CONTENTS[key]


def libraries():
    """The versions of the libraries that a forward pass depends on."""
    return {name: version(name) for name in ("torch", "torchvision")}


def code(script, *files, **step_plugins):
    """Digest a script with all of the package that it imports, files of the user, and plugins given by name."""
    plugin_files = [
        registry.file(step, name)
        for step, chosen in sorted(step_plugins.items())
        for name in ([chosen] if isinstance(chosen, str) else sorted(chosen))
    ]
    return or_stop(code_digest.digest, shipped.WORKFLOW / "scripts" / script, *files, *plugin_files)
