"""Checkpoints: an interrupted run resumes where it stopped and gives the same result.

A checkpoint is a folder beside the result: one file for each finished arm and replication, and one with the
state of the current run. Files are written under a temporary name and renamed when complete, and contain data
only (:mod:`sim.runs.state_file`): reading them executes no code. Only one run at a time may use a checkpoint.
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
#: Message for a checkpoint that belongs to something else.
OF_ANOTHER = {
    "scenario": "another scenario, or other tables of its place",
    "code": "another version of v2gcity or of the libraries it counts with",
    "own_code": "other code of your own",
}


def go_on(model: CityModel, saved: State) -> None:
    """Restore a saved state into a newly built city.

    Mesa's clock is advanced first: from 3.5 on its steps are events, each scheduled by the previous one,
    which must not be written from outside. Empty steps advance it to the start of the state.
    """
    step = model._user_step
    model._user_step = _nothing
    for _ in range(saved.build("steps")):
        model.step()
    model._user_step = step
    saved.fill("model", model)


def _nothing() -> None:
    """An empty step."""


def checkpoint_folder(result: Path) -> Path:
    """Folder of a result's checkpoint, beside the result."""
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
        User-defined code of the run.

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
        """Lock the checkpoint for this process; raise an error while another process holds it."""
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
            pass  # not locked, or by a process that has ended
        mine = json.dumps({"process": me.pid, "since": me.create_time()})
        replace_file(self.folder / OWNER, lambda stream: stream.write(mine.encode()))

    @property
    def is_fresh(self) -> bool:
        """Whether nothing has been saved yet."""
        return not any(self.folder.glob("*.state"))

    def finished(self, arm: str, replication: int) -> Any:
        """Results of a finished arm and replication, or None."""
        state = self._read(_done(arm, replication))
        return None if state is None else state.build("ran")

    def finish(self, arm: str, replication: int, ran: Any) -> None:
        """Save the results of a finished arm and replication; its state is no longer needed."""
        self._write(_done(arm, replication), {"ran": ran})
        (self.folder / GOING_ON).unlink(missing_ok=True)

    def going_on(self, arm: str, replication: int) -> State | None:
        """Last saved state of this arm and replication, or None."""
        saved = self._read(GOING_ON)
        return saved if saved is not None and saved.build("of") == [arm, replication] else None

    def after_step(self, arm: str, replication: int, state: dict[str, Any]) -> None:
        """Save if due, and stop if requested.

        Raises
        ------
        Stopped
            After a request to stop, once the state has been saved.
        """
        due = time.monotonic() - self._last_save >= SECONDS_BETWEEN_SAVES
        if due or self.asked_to_stop:
            self._write(GOING_ON, {"of": [arm, replication], **state})
            self._last_save = time.monotonic()
        if self.asked_to_stop:
            raise Stopped

    def discard(self) -> None:
        """Remove the checkpoint, once the result is complete."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def stopping_at_a_step(self) -> Iterator[None]:
        """Let Ctrl-C and SIGTERM stop the run after the current step; a second signal stops it at once."""

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
    """Whether the folder has files but no checkpoint key; a new checkpoint has no key yet."""
    if not folder.is_dir() or (folder / KEY).is_file():
        return False
    return any(path.name != OWNER and not path.name.startswith(".") for path in folder.iterdir())


def _done(arm: str, replication: int) -> str:
    return f"done-{arm}-{replication}.state"
