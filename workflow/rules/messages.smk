# What the end of a run says: where the results are, and what failed, warned or has no value.
import shlex
from collections import Counter

SHOWN = 10  # of each list


def end_well():
    report_warnings()
    report_results()


def end_badly():
    report_warnings()
    report_failures()


def results():
    """Say in lines where the results are, and how to see them."""
    figures = os.path.dirname(STUDY.path("figure", figure="*", format="svg"))
    page = STUDY.path("index")
    files = {file for job in workflow.dag.jobs for file in job.output}
    on_page = page if page in files and os.path.isfile(page) else command("--cores 1 index")
    if os.path.isdir(figures) and any(file.startswith(f"{figures}/") for file in files):
        yield f"Figures: {figures}/  ·  all in one page, for a browser: {on_page}"
    elif on_page == page:
        yield f"Page, for a browser: {page}"
    described = os.fspath(shipped.REPOSITORY / "results/README.md")
    if not os.path.relpath(described).startswith(os.pardir):
        described = os.path.relpath(described)
    yield f"Results: {RESULTS}/  ·  what each file contains and how to read it: {described}"
    if not workflow.dryrun and os.path.isdir(RESULTS) and os.access(RESULTS, os.W_OK | os.X_OK):
        leftovers.write_contents(STUDY)  # a study may have less, and nothing to be done
    yield from leftover_lines()


def leftover_lines():
    """Say in a line what the config no longer has."""
    found = leftovers.leftovers(STUDY)
    if found:
        kinds = Counter(file.split("/")[2] for file in found)
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        removing = command("--cores 1 clean_leftovers")
        yield f"From earlier configs of this study: {len(found)} files ({kinds})  ·  to remove them: {removing}"


def report_results():
    """Say where the results are, and what in them is undefined."""
    found = TERMINAL.undefined(LOGS)
    if found:
        more = [f"and {len(found) - SHOWN} more, see {LOGS}/"] if len(found) > SHOWN else []
        print("\n  ".join(["Without a value:", *found[:SHOWN], *more]), file=sys.stderr)
    print("\n".join(results()), file=sys.stderr)


def command(arguments):
    """The command line that does something to this study, as the user calls it: `repscape run` or Snakemake."""
    repscape_run = os.getenv("REPSCAPE_COMMAND")
    if repscape_run and workflow.overwrite_workdir is None:
        return f"{repscape_run} {arguments}"
    return " ".join(["snakemake", arguments, *map(shlex.quote, options())])


def options():
    """The options of a command for this study, and for the workflow where that lies elsewhere."""
    files, folder = OWN_CONFIG_FILES, workflow.overwrite_workdir
    by_its_place = os.path.relpath(workflow.main_snakefile) in ("Snakefile", "workflow/Snakefile")
    found = [] if by_its_place else ["--snakefile", workflow.main_snakefile]
    if folder:  # of which the files are not named from
        found, files = [*found, "--directory", str(folder)], map(os.path.abspath, files)
    return [*found, *(["--configfile", *files] if OWN_CONFIG_FILES else [])]


def report_warnings():
    """Say of what jobs warned, in their logs."""
    warned = TERMINAL.warnings(LOGS)
    if warned:
        more = [f"and {len(warned) - SHOWN} more, see {LOGS}/"] if len(warned) > SHOWN else []
        print("\n  ".join(["Warnings, by the jobs' logs:", *warned[:SHOWN], *more]), file=sys.stderr)


def report_failures():
    """Say what failed, which may be far above by now, and what to do after a failure or an interruption."""
    failed = TERMINAL.failures()
    lines = ["The run is not complete." + " Failed, by their logs:" * bool(failed), *failed[:SHOWN]]
    if len(failed) > SHOWN:
        lines.append(f"and {len(failed) - SHOWN} more, see {LOGS}/")
    print("\n  ".join(lines), file=sys.stderr)
    print("Finished files are kept. The same command resumes the run.", file=sys.stderr)
