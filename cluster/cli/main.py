"""``xfer``: one verb a file. Nothing heavy is imported before a verb needs it."""

from __future__ import annotations

import os
import sys

import typer

from cluster.cli import check, export, gc, lock, overlap, plan, report, results, run, runs, settings, tasks
from xfer.errors import XferError
from xfer.io import leave

app = typer.Typer(
    help="Which intermediate tasks help which target tasks in which languages? Transfer studies from one file.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("tasks")(tasks.tasks)
app.command("check")(check.check)
app.command("lock")(lock.lock)
app.command("plan")(plan.plan)
app.command("run")(run.run)
app.command("status")(runs.status)
app.command("watch")(runs.watch)
app.command("logs")(runs.logs)
app.command("stop")(runs.stop)
app.command("doctor")(runs.doctor)
app.command("fetch")(runs.fetch)
app.command("results")(results.results)
app.command("overlap")(overlap.overlap)
app.command("report")(report.report)
app.add_typer(export.app, name="export")
app.command("gc")(gc.gc)


@app.callback()
def options(debug: bool = typer.Option(False, "--debug", help="Show tracebacks.")) -> None:
    settings.debug = debug


def main() -> None:
    """Entry point. Exit code 0: done; 1: ours or the machine's; 2: the user's mistake; 130: stopped."""
    try:
        app()
    except XferError as error:
        if settings.debug:
            raise
        print(f"xfer: {error}", file=sys.stderr)
        leave(error.exit_code)
    except BrokenPipeError:  # the reader of our output has seen enough
        os._exit(0)
    except SystemExit as end:
        leave(end.code if isinstance(end.code, int) else 0)
