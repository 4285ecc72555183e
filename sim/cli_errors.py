"""What all commands share: mistakes in one line, exit codes, paths as one would type them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TextIO, cast

import click

BAD_INPUT, RUN_FAILED, INTERRUPTED = 2, 1, 130
INTERRUPTED_MESSAGE = "interrupted; nothing was written, an earlier result stays in place"

# What is wrong with a path is said by us, in one line, not by click.
AT_LEAST_ONE = click.IntRange(min=1)
FILE: click.Path = click.Path(path_type=Path, readable=False)
CODE = click.option(
    "--code", metavar="FOLDER", type=FILE,
    help="Folder of Python modules of your own; policies that the scenario names are imported from there.",
)  # fmt: skip


class Deaf:
    """A stream that goes on where its reader has gone or its letters cannot be shown.

    What a command computes is worth more than what it says: a closed pipe must not end a run.
    """

    def __init__(self, stream: Any):
        self._stream = stream
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        """Write, if anybody reads."""
        with self._unheard():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if anybody reads."""
        with self._unheard():
            self._stream.flush()

    @contextmanager
    def _unheard(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError, AttributeError):  # whatever is left goes nowhere
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self._stream.fileno())
                os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Commands(click.Group):
    """Commands whose mistakes are told in one line."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command; see :meth:`click.Group.main`."""
        kwargs["standalone_mode"] = False
        sys.stdout, sys.stderr = cast(TextIO, Deaf(sys.stdout)), cast(TextIO, Deaf(sys.stderr))
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGTERM, _end)
        try:
            sys.exit(super().main(*args, **kwargs))
        except click.UsageError as error:
            where = f" {error.ctx.info_name}" if error.ctx and error.ctx.parent else ""
            from sim.scenario.errors import printable

            stop(f"v2gcity{where}: {printable(error.format_message())}", BAD_INPUT)
        except (click.Abort, KeyboardInterrupt):
            stop(INTERRUPTED_MESSAGE, INTERRUPTED)
        except OSError as error:
            stop(f"{_where(error)}; nothing was written, an earlier result stays in place", RUN_FAILED)
        except Exception as error:
            from sim.scenario.errors import PolicyError, ScenarioError

            if isinstance(error, ScenarioError):
                stop(str(error), BAD_INPUT)
            if isinstance(error, PolicyError):
                stop(f"{error}; nothing was written, an earlier result stays in place", RUN_FAILED)
            raise


def _end(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends like Ctrl-C."""
    raise KeyboardInterrupt


def _where(error: OSError) -> str:
    """What went wrong with which file, in a few words."""
    what = error.strerror or str(error)
    return f"{error.filename}: {what}" if error.filename else what


@contextmanager
def ending_at_ctrl_c(on_step: Callable[..., None] | None) -> Iterator[Callable[..., None]]:
    """What is to be called after every step, so that a run ends at Ctrl-C whatever it was doing.

    The interrupt is raised at once. A callback of compiled code or a finaliser in which it is raised
    swallows it, though, now and then; then the run ends with the step it is in.
    """
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        raise KeyboardInterrupt

    def after_step(*of: Any) -> None:
        if asked:
            raise KeyboardInterrupt
        if on_step is not None:
            on_step(*of)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield after_step
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop(message: str, code: int) -> NoReturn:
    """Say why, and leave."""
    click.echo(message, err=True)
    sys.exit(code)


def own_code(spec: Any, folder: Path | None) -> Any:
    """Code of one's own that a scenario names, from the folder that was named for it; told in a line each."""
    import inspect

    from sim.agents.own_code import OwnCode, code_in
    from sim.runs.run import own_policies

    if folder is None:
        return OwnCode()
    own = code_in(folder, own_policies(spec))
    for name, policy in own.policies.items():
        click.echo(f"code of your own: {name} from {inspect.getfile(policy)}", err=True)
    return own


def check_rows(out: Path | None) -> None:
    """Refuse a file for rows whose folder is not there, before any work is done."""
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        what = "is a folder" if out.is_dir() else f"there is no folder {out.parent}"
        stop(f"{out}: {what}; name a file in a folder that exists", BAD_INPUT)


def write_rows(table: Any, out: Path | None, form: str) -> None:
    """Write a table as CSV, if a file is asked for; whole or not at all."""
    if out is None:
        return
    from sim.runs.state_file import replace_file

    content = table.to_csv(index=False, float_format=form).encode()
    try:
        replace_file(out, lambda stream: stream.write(content))
    except OSError as error:
        stop(f"{out}: the rows could not be written ({error})", RUN_FAILED)


def short(path: Path) -> Path:
    """A path as one would type it from here."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except ValueError:
        return path
