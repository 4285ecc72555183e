"""Checkpoints: a long run that was stopped goes on where it was, to the same result.

A checkpoint is a folder beside the result: one file for each finished arm and replication, and one with the
state of the run that is going on. Files are written beside their place and renamed when whole, and they are
data (:mod:`sim.runs.state_file`): reading one runs nothing. One run at a time has a checkpoint.
"""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import psutil

from sim.agents.own_code import NO_OWN_CODE, OwnCode
from sim.model import CityModel
from sim.runs.keys import run_key
from sim.runs.state_file import DamagedState, State, UnkeptState, replace_file, write_state
from sim.scenario import Scenario, ScenarioError

SECONDS_BETWEEN_SAVES = 120.0
KEY, OWNER, GOING_ON = "key.json", "in-use-by.json", "going-on.state"
SUFFIX = ".checkpoint"
#: What is said where a checkpoint belongs to something else.
OF_ANOTHER = {
    "scenario": "another scenario, or other tables of its place",
    "code": "another version of v2gcity or of the libraries it counts with",
    "own_code": "other code of your own",
}


def go_on(model: CityModel, saved: State) -> None:
    """Let a city that was built as at the beginning go on where a state left it.

    Mesa's clock is wound first: from 3.5 on its steps are events, each scheduled by the one before, which are
    none of ours to write. Steps that do nothing bring it to where the state begins, in every Mesa.
    """
    step = model._user_step
    model._user_step = _nothing
    for _ in range(saved.build("steps")):
        model.step()
    model._user_step = step
    saved.fill("model", model)


def _nothing() -> None:
    """A step in which nothing happens."""


def checkpoint_folder(result: Path) -> Path:
    """Where the checkpoint of a result stands: beside it."""
    return result.with_name(f"{result.name}{SUFFIX}")


class Stopped(KeyboardInterrupt):
    """The run was asked to stop, and its state has been saved."""


class Checkpoint:
    """The saved state of one run.

    Parameters
    ----------
    folder : path
    spec : Scenario
        The scenario as it is run.
    own : OwnCode
        Code of one's own that takes part.

    Raises
    ------
    ScenarioError
        If the folder holds the checkpoint of another scenario, of other tables or of another version of the
        model, if a file in it is damaged, or if another run is using it.
    """

    def __init__(self, folder: Path, spec: Scenario, own: OwnCode = NO_OWN_CODE):
        self.folder = folder
        self.asked_to_stop = False
        self._last_save = time.monotonic()
        key = run_key(spec, own)
        if folder.exists() and not folder.is_dir():
            raise ScenarioError.single(str(folder), "", "is a file; expected the folder of a checkpoint")
        if _holds_something_else(folder):
            raise ScenarioError.single(
                str(folder), "", f"holds files that are no checkpoint ({KEY} is missing); remove it"
            )
        if (folder / KEY).is_file():
            self._refuse_another(key)
        else:
            folder.mkdir(parents=True, exist_ok=True)
        self._take()
        if not (folder / KEY).is_file():
            replace_file(folder / KEY, lambda stream: stream.write(json.dumps(key).encode()))

    def _refuse_another(self, key: dict[str, str]) -> None:
        try:
            found = json.loads((self.folder / KEY).read_text(encoding="utf-8"))
            other = next((what for part, what in OF_ANOTHER.items() if found[part] != key[part]), None)
        except (OSError, ValueError, KeyError, TypeError):
            raise self._damaged(KEY) from None
        if other is not None:
            raise ScenarioError.single(
                str(self.folder), "", f"is the checkpoint of {other}; remove it to start afresh"
            )

    def _take(self) -> None:
        """Note who uses the checkpoint; refuse it while somebody else does."""
        me = psutil.Process()
        try:
            other = json.loads((self.folder / OWNER).read_text(encoding="utf-8"))
            same = psutil.Process(int(other["process"])).create_time() == other["since"]
            if same and other["process"] != me.pid:
                raise ScenarioError.single(
                    str(self.folder),
                    "",
                    f"is in use by another run (process {other['process']}); wait for it",
                )
        except (OSError, ValueError, KeyError, TypeError, psutil.Error):
            pass  # nobody, or somebody who has gone
        mine = json.dumps({"process": me.pid, "since": me.create_time()})
        replace_file(self.folder / OWNER, lambda stream: stream.write(mine.encode()))

    @property
    def is_fresh(self) -> bool:
        """Whether nothing has been saved yet."""
        return not any(self.folder.glob("*.state"))

    def finished(self, arm: str, replication: int) -> Any:
        """What a finished arm and replication left, or None."""
        state = self._read(_done(arm, replication))
        return None if state is None else state.build("ran")

    def finish(self, arm: str, replication: int, ran: Any) -> None:
        """Keep what a finished arm and replication left; its state is not needed any more."""
        self._write(_done(arm, replication), {"ran": ran})
        (self.folder / GOING_ON).unlink(missing_ok=True)

    def going_on(self, arm: str, replication: int) -> State | None:
        """State of this arm and replication when it was saved last, or None."""
        saved = self._read(GOING_ON)
        return saved if saved is not None and saved.build("of") == [arm, replication] else None

    def after_step(self, arm: str, replication: int, state: dict[str, Any]) -> None:
        """Save when it is time to, and stop where that was asked for.

        Raises
        ------
        Stopped
            After a request to stop, when the state is safe.
        """
        due = time.monotonic() - self._last_save >= SECONDS_BETWEEN_SAVES
        if due or self.asked_to_stop:
            self._write(GOING_ON, {"of": [arm, replication], **state})
            self._last_save = time.monotonic()
        if self.asked_to_stop:
            raise Stopped

    def discard(self) -> None:
        """Remove the checkpoint: the result stands."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def stopping_at_a_step(self) -> Iterator[None]:
        """Let Ctrl-C and SIGTERM stop the run when its step is done; a second one stops it at once."""

        def ask(number: int, frame: FrameType | None) -> None:
            if self.asked_to_stop:
                raise KeyboardInterrupt
            self.asked_to_stop = True

        before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _read(self, name: str) -> State | None:
        path = self.folder / name
        if not path.is_file():
            return None
        try:
            return State(path)
        except DamagedState:
            raise self._damaged(name) from None

    def _damaged(self, name: str) -> ScenarioError:
        what = "that run is made again" if name != KEY else "the run starts afresh"
        remove = self.folder if name == KEY else self.folder / name
        return ScenarioError.single(str(self.folder / name), "", f"is damaged; remove {remove}, {what}")

    def _write(self, name: str, content: Any) -> None:
        try:
            replace_file(self.folder / name, lambda stream: write_state(stream, content))
        except UnkeptState as error:
            raise ScenarioError.single(
                "--checkpoint", str(error), "cannot be kept as data; run without --checkpoint"
            ) from None


def _holds_something_else(folder: Path) -> bool:
    """Whether files lie there without the key of a checkpoint; one that was just begun has none yet."""
    if not folder.is_dir() or (folder / KEY).is_file():
        return False
    return any(path.name != OWNER and not path.name.startswith(".") for path in folder.iterdir())


def _done(arm: str, replication: int) -> str:
    return f"done-{arm}-{replication}.state"
