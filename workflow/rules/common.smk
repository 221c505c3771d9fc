# Shared by all steps: the study, its paths, what is checked before a run and as it begins.
import gc
import glob
import logging
import os
import re
import shutil
import sys
from importlib.metadata import version

import snakemake.common
import snakemake.logging
from snakemake.persistence.file import FilePersistence
from snakemake.settings.types import PersistenceBackend

# In a clone its package, here and in the jobs, whatever else is installed. Elsewhere the package is installed: it holds
# these rules, or they come from an address, such as `github(…)`.
RULES = workflow.current_basedir
BESIDE = os.path.dirname(str(RULES))
if os.path.isfile(os.path.join(BESIDE, "repscape/__init__.py")):
    sys.path.insert(0, BESIDE)
    os.environ.update(PYTHONPATH=os.pathsep.join(filter(None, [BESIDE, os.getenv("PYTHONPATH")])))

import repscape
from repscape import config as configuration
from repscape.config import double_resizing
from repscape.config.names import TARGETS
from repscape.core import run as this_run, shipped
from repscape.core.devices import check as check_device, free_gpu_memory, has_gpu
from repscape.core.errors import RepscapeError, in_words, raised_in, some
from repscape.core.logs import say
from repscape.core.terminal import Terminal
from repscape.io import assets
from repscape.networks.lib import layer_table_cache
from repscape.planning import leftovers, records as snakemake_records
from repscape.plugin import code_digest, registry, schema
from repscape.plugin.config_errors import read_lines


def check_same_state():
    """Stop if rules from an address are not those of the package that is installed: each needs its own."""
    for file in sorted((shipped.WORKFLOW / "rules").glob("*.smk")):
        with workflow.sourcecache.open(RULES.join(file.name)) as stream:
            same = stream.read().rstrip() == file.read_text(encoding="utf-8").rstrip()
        if not same:
            here = f"git+https://{RULES.host}/{RULES.repo}@{RULES.ref}" if hasattr(RULES, "repo") else RULES
            sys.exit(
                f"repscape: {RULES}: expected the rules of the installed package, version "
                f"{repscape.__version__}, found others in {file.name}. Install the package from there too: "
                f"pip install 'repscape @ {here}'."
            )


if not os.path.isdir(str(RULES)):
    check_same_state()
this_run.without_file_locks()  # here and in the jobs
# What jobs look at: they end when this process is killed.
os.environ.update({this_run.VARIABLE: this_run.name_of(os.getpid())})

TERMINAL = Terminal()
logging.getLogger("snakemake.logging").addFilter(TERMINAL)

ENVIRONMENT = "../../envs/environment.yaml"
OWN_CONFIG_FILES = [os.path.relpath(file) for file in workflow.overwrite_configfiles]
# As a module of a user's Snakefile, which hands a config over: `module repscape: config: config`.
HANDED_OVER = bool(config) and not workflow.modifier.is_main_snakefile()
CONFIG_FILES = (
    [os.path.relpath(file) for file in workflow.configfiles]
    if HANDED_OVER
    else OWN_CONFIG_FILES or [shipped.default_config()]
)


def or_stop(function, *arguments, **keywords):
    """Call a function of the package; a mistake in the config ends the run with its message alone."""
    try:
        return function(*arguments, **keywords)
    except RepscapeError as error:
        # Snakemake would frame an exception by lines of our own code.
        sys.exit(f"repscape: {error}")
    except Exception as error:
        where = raised_in(error, this_run.plugin_folders())  # in a user's plugin
        if not where:
            raise
        sys.exit(f"repscape: {where}: {in_words(error)}")


if not workflow.overwrite_configfiles and not HANDED_OVER:
    try:
        workflow.configfile(CONFIG_FILES[0])
    except Exception:  # which does not say where
        or_stop(read_lines, CONFIG_FILES[0])
        raise


def check_folders(*folders):
    """Stop if folders, or those that they would be made in, cannot be written to; Snakemake ends in a traceback."""
    for folder in folders:
        existing = os.path.abspath(folder)
        while not os.path.isdir(existing):
            existing = os.path.dirname(existing)
        if not os.access(existing, os.W_OK | os.X_OK):
            sys.exit(
                f"repscape: {os.path.relpath(existing)}: no permission to write to this folder. Change its "
                "permissions (or mount it for writing), or run in a copy of the whole folder."
            )


def has(holder, name, what):
    """Whether a part of Snakemake that is no public one is there; if not, its log says what is not done."""
    if hasattr(holder, name):
        return True
    snakemake.logging.logger.warning(f"repscape: this version of Snakemake has no '{name}': {what}.")
    return False


def check_records():
    """Warn if results are here that Snakemake cannot know when to make again; see to those of damaged records."""
    if workflow.workflow_settings.persistence_backend != PersistenceBackend.FILE:
        return
    kept = FilePersistence()
    if not all(has(kept, name, "damaged records are not looked for") for name in snakemake_records.NEEDED):
        return
    found = snakemake_records.look_at(kept, snakemake_records.results(RESULTS))
    if found.damaged:
        say(
            f"repscape: Snakemake's records of these files are damaged, so they are made again: {some(found.damaged)}"
        )
    made = {*glob.glob(f"{RESULTS}/stimuli/*.nc"), *glob.glob(f"{RESULTS}/networks/*/layers.nc")}
    if made & set(found.missing):
        say(
            f"repscape: {RESULTS} has files that were made elsewhere, or before .snakemake was removed. Snakemake "
            "has no record of them and cannot notice later changes of the config or the code. If anything has "
            "changed, run once with --forceall. If nothing has changed, run once with --forceall --touch."
        )


def check_room():
    """Stop if a disk is full on which Snakemake keeps its records, or files while it plans: it ends in a traceback."""
    # Python takes the first of these, and others only if it is of no use
    named = ((name, os.getenv(name, "")) for name in ("TMPDIR", "TEMP", "TMP"))
    temporary = next((pair for pair in named if os.path.isdir(pair[1])), ("", "."))
    for variable, folder in dict([("", "."), temporary]).items():
        disk = shutil.disk_usage(folder)
        if disk.total and disk.free < 2**20:
            elsewhere = f", or name another folder in the environment variable {variable}" if variable else ""
            sys.exit(
                f"repscape: {os.path.abspath(folder)}: expected room for a run, found a full disk ({disk.free} bytes "
                f"are free). Free some disk space{elsewhere}, then run again; finished files are kept."
            )


check_folders(".snakemake")
check_room()
assets.remember()
STUDY = or_stop(configuration.resolve, config, CONFIG_FILES)
CONFIG = STUDY.config
ORDER = list(config.get("figures") or [])  # of figures, as the user has them
RESULTS = f"results/{STUDY.name}"
LOGS = f"{RESULTS}/logs"
TERMINAL.targets = {
    "all",
    "layers",
    "index",
    "clean_leftovers",
    *(CONFIG.keys() & set(TARGETS)),
    *STUDY.analyses,
    *CONFIG["figures"],
}
TERMINAL.asked = lambda: set(workflow.dag_settings.targets) - {rule.name for rule in workflow.rules}
TERMINAL.jobs = lambda: workflow.dag.jobs
TERMINAL.nothing_to_do = getattr(snakemake.common, "NOTHING_TO_BE_DONE_MSG", "")
TERMINAL.results = lambda: results()
if workflow.is_main_process:
    if not os.path.exists("config/config.yaml") and not OWN_CONFIG_FILES and not HANDED_OVER:
        say("repscape: no config was named, and here is no config/config.yaml: this is the default study.")
    check_records()
    for note in double_resizing.notes(STUDY):
        say(f"repscape: {note}")


def one_of(names):
    """Constrain a wildcard to some names; of none it matches nothing, where "" would match anything."""
    return "|".join(map(re.escape, sorted(names))) or "(?!)"


def begin():
    """Prepare for jobs, before the first one."""
    gc.freeze()
    gc.enable()
    check_folders(RESULTS, *glob.glob(f"{RESULTS}/*/"))
    check_disk()
    leftovers.write_contents(STUDY)
    read_inputs_once()
    if workflow.local_exec:
        or_stop(check_device, CONFIG["device"], CONFIG["activations"]["precision"])
        look_when_a_job_ends()


wildcard_constraints:
    source=one_of(STUDY.layers),
    stimulus=one_of(STUDY.stimuli),
    recording=one_of(CONFIG["recordings"]),
    population=one_of(CONFIG["populations"]),
    size=r"\d+|all",
    shard=r"\d+-of-\d+",
