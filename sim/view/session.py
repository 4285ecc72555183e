"""One browser tab: what it looks at, and the thread in which everything about it happens.

The page asks (play, jump, shock, another scenario); requests are taken in order between two steps, so that
long work never holds up the page and nothing happens at the same time. Each drawn frame is acknowledged by
the browser before the next is sent; a browser that has gone stops the clock.
"""

from __future__ import annotations

import datetime as dt
import gc
import queue
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sim.model import CityModel
from sim.scenario import Scenario, ScenarioError
from sim.scenario.money import PayEventSection
from sim.scenario.shocks import ShockSection
from sim.view import figures
from sim.view.controls import arm_to_show, asked_beside, asked_for, check_size
from sim.view.outbox import Deliver, Line
from sim.view.owner_card import first_owner, pick
from sim.view.pair import Pair, with_event, with_shocks
from sim.view.pane import Side, opened, struck
from sim.view.recording import Frame
from sim.view.whole_days import WholeDays, at_midnight

#: Without a sign of the browser for so long, a run waits [s].
SILENCE_S = 5.0
#: Longest wait for a session that is closed [s].
CLOSING_S = 10.0
#: Frames a second while the first days, which do not count, go by.
WARMING_FRAMES_PER_S = 8.0
#: Steps a second at each place of the speed switch; the last is as fast as the machine.
SPEEDS = (1.0, 4.0, 12.0, 30.0, 0.0)
#: How often the owner's card is written while the clock runs, and progress is told while it jumps [s].
CARD_EVERY_S, PROGRESS_EVERY_S = 0.5, 0.5

#: What is said where there is nothing left to play.
AT_THE_END = "the run is at its end; jump back to see it, or open the menu and run it again"


class Session:
    """What one tab is looking at.

    Parameters
    ----------
    send : callable
        Given messages for the page: ``kind`` and what belongs to it, in order, from another thread.
    over : callable
        Called when the session is closed.

    Attributes
    ----------
    sides : list of Side
        The city, and a second one beside it where two are compared.
    """

    def __init__(self, send: Deliver, over: Callable[[], None] = lambda: None):
        self._over = over
        self._line = Line(send)
        self._send = self._line.send
        self._asked: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._acknowledged = threading.Event()
        self._acknowledged.set()
        self._closed = False
        self._playing = False
        self._speed = SPEEDS[2]
        self._shown = -1
        self._saved: dict[str, float] | None = None
        self._operator: dict[str, Any] = {}
        self._told: dict[str, Any] | None = None
        self._owner = 0
        self._last_sent = self._card_at = 0.0
        self._days = WholeDays()
        self._compared: tuple[Scenario | None, str] | None = None
        self.sides: list[Side] = []
        self._thread = threading.Thread(target=self._run, name="v2gcity-view", daemon=True)

    # ------------------------------------------------------------------ what the page asks
    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def close(self) -> None:
        """Stop, and give the memory back."""
        self._closed = True
        self._over()
        self._asked.put(lambda: None)
        self._acknowledged.set()

    def wait(self) -> None:
        """Wait until a closed session has done the step it is in."""
        if self._thread.is_alive():
            self._thread.join(CLOSING_S)

    def ask(self, what: str, **given: Any) -> None:
        """Ask for one of the methods whose name begins with ``do_``; it is done between two steps."""
        self._asked.put(lambda: getattr(self, f"do_{what}")(**given))

    def acknowledge(self) -> None:
        """The browser has drawn what it was sent last."""
        self._acknowledged.set()

    # ------------------------------------------------------------------------- the thread
    def _run(self) -> None:
        try:
            while not self._closed:
                self._take_requests(wait=not self._going)
                if self._going and not self._closed:
                    self._advance()
        finally:
            self._forget()
            gc.collect()  # cycles hold whole cities

    @property
    def _main(self) -> Side:
        """The city that the page is about; beside it there may be a second."""
        if not self.sides:
            raise ValueError("no city is open; choose a scenario")
        return self.sides[0]

    @property
    def _going(self) -> bool:
        """Whether a step is to be done now: the first days go by without being asked to."""
        if not self.sides or self._main.pair.arm.finished:
            return False
        return self._playing or not self._main.pair.recording

    def _take_requests(self, wait: bool) -> None:
        while wait or not self._asked.empty():
            try:
                self._asked.get(timeout=1.0 if wait else 0.0)()
            except queue.Empty:
                return
            except (ScenarioError, ValueError) as error:
                self._send({"kind": "trouble", "text": str(error)})
            except Exception as error:  # a page that says what went wrong beats one that stands still
                traceback.print_exc()
                self._send({"kind": "trouble", "text": f"{type(error).__name__}: {error}"})
            if wait:
                return

    def _advance(self) -> None:
        began = time.perf_counter()
        try:
            self._step()
        except Exception as error:
            traceback.print_exc()
            self._playing = False
            self._send({"kind": "trouble", "text": f"the run stopped: {type(error).__name__}: {error}"})
            return
        warming = not self._main.pair.recording
        if warming and time.perf_counter() - self._last_sent < 1.0 / WARMING_FRAMES_PER_S:
            return
        self._show_latest()
        if not warming and self._speed:
            time.sleep(max(0.0, began + 1.0 / self._speed - time.perf_counter()))

    def _step(self) -> None:
        for pair in self._pairs:
            pair.step()
        main = self._main.pair
        if main.arm.step_index % max(1, round(1.0 / main.arm.spec.step_hours)) == 0:
            self._sum_up()
        if self._days.are_due(main, self._playing):
            self._send(self._days.told(main))
        if main.arm.finished:
            self._playing = False

    def _sum_up(self) -> None:
        """Sums and the operator's view: every hour, and for a step that is looked at."""
        main = self._main.pair
        if main.recording:
            self._saved, self._operator = figures.saved(main), figures.operator(main)

    @property
    def _pairs(self) -> list[Pair]:
        """Pairs to be stepped: a side that shows the main pair's own reference has nothing to step."""
        main = self._main.pair
        return [main, *(side.pair for side in self.sides[1:] if side.pair.arm is not main.reference)]

    def _show_latest(self) -> None:
        if not all(side.pair.arm.step_index for side in self.sides):
            return
        if not self._playing:
            self._sum_up()
        main = self._main
        more = {"saved": self._saved, "operator": self._operator}
        frames = [side.look(more if side is main else {}) for side in self.sides]
        self._show(frames, live=True, owner=self._card_if_due())

    def _as_sent(self, frames: Sequence[Frame], live: bool) -> list[Frame]:
        """Frames without what the page has been told already; one that looks back is told everything."""
        told, self._told = self._told, self._operator if live else None
        known = live and told is self._operator
        return [frame.without_hourly() if known else frame for frame in frames]

    def _card_if_due(self) -> dict[str, Any] | None:
        """The owner's card; when the clock runs fast, not for every step."""
        now = time.perf_counter()
        if self._playing and now - self._card_at < CARD_EVERY_S:
            return None
        self._card_at = now
        return self._main.card(self._owner)

    def _show(self, frames: Sequence[Frame], live: bool, owner: dict[str, Any] | None = None) -> None:
        """Send frames when the browser has taken the last ones; it draws while the next step is done.

        The card of the owner belongs to the present: it is sent with a frame and not remembered in it.
        A frame is never written to again, so that it may still be on its way then.
        """
        if self._playing and not self._acknowledged.wait(SILENCE_S):
            self._playing = False
            self._send({"kind": "silent"})
            return
        self._shown = frames[0].step
        self._last_sent = time.perf_counter()
        self._acknowledged.clear()
        sent = self._as_sent(frames, live)
        hand_on = self._line.post if self._playing else self._line.send
        hand_on({"kind": "frame", "frames": sent, "live": live, "playing": self._playing, "owner": owner})

    def _forget(self) -> None:
        for pair in self._pairs if self.sides else []:
            pair.forget()
        self.sides = []
        self._days.forget()

    # ---------------------------------------------------------------------------- requests
    def do_run(
        self, source: str | Path, settings: dict[str, Any], arm: str | None = None, only_offered: bool = False
    ) -> None:
        """Load a scenario with changes and show an arm of it: without one v2g, or the first that is there.

        With `only_offered`, changes are those that a page can make: values that stand on its sliders.
        """
        spec = asked_for(source, settings, only_offered)
        self.do_open(spec, arm_to_show(spec, arm))

    def do_open(
        self, spec: Scenario, arm: str, until: int | None = None, undisturbed: CityModel | None = None
    ) -> None:
        """Build the city of a scenario and show it; with `until`, go on to that step at once.

        `undisturbed` is the arm without what has happened, where something has.
        """
        second = 0 if self._compared in (None, (None, spec.reference)) else 2
        check_size(spec, (1 if arm == spec.reference else 2) + second)
        self._playing = False
        self._send({"kind": "building", "cars": spec.simulated_cars})
        self._forget()
        pair = Pair.of(spec, arm)
        pair.undisturbed = undisturbed
        self.sides = [Side.of(pair)]
        self._saved, self._operator = None, {}
        if until is None:
            self._owner = first_owner(pair)
        if self._compared is not None:
            self.sides.append(Side.of(self._second(pair, *self._compared)))
        self._send_opened()
        if until is not None:
            self.do_jump(until)

    def _second(self, main: Pair, spec: Scenario | None, arm: str) -> Pair:
        """What is shown beside the main pair: its own reference, another arm, or another scenario."""
        if spec is None and arm == main.spec.reference:
            return main.only_reference()
        return Pair.of(main.spec if spec is None else spec, arm)

    def _send_opened(self) -> None:
        main = self._main
        self._send(opened(self.sides, self._owner))
        told = self._days.told_before(main.pair)
        if told is not None:
            self._send(told)

    def do_compare(
        self, arm: str | None, source: str | Path | None = None, settings: dict[str, Any] | None = None
    ) -> None:
        """Put a second city beside the first, on the same clock; without an arm take it away.

        Parameters
        ----------
        arm : str, optional
        source, settings : optional
            Another scenario and changes to it; without a source, the one on screen.
        """
        main = self._main.pair
        if source is None and arm in (None, main.spec.reference):
            self._compared = None if arm is None else (None, str(arm))
            self._beside(None if arm is None else main.only_reference())
            return
        if source is None:
            self._compared = (None, str(arm))
        else:
            self._compared = (asked_beside(main.spec, str(arm), source, settings or {}), str(arm))
        until = main.arm.step_index - 1 if main.recording else None
        self.do_open(main.spec, main.name, until, main.leave_undisturbed())

    def _beside(self, pair: Pair | None) -> None:
        """Show models that run anyhow beside the main pair, or nothing; no city is built for it."""
        for side in self.sides[1:]:
            if side.pair.arm is not self._main.pair.reference:
                side.pair.forget()
        self.sides = [self._main, *([] if pair is None else [Side.of(pair)])]
        self._send_opened()
        shown = self._main.recording.latest
        if shown is not None:
            self._told = None
            self._show([shown, *(side.look({}) for side in self.sides[1:])], live=True)

    def do_play(self, on: bool) -> None:
        """Start or stop the clock."""
        finished = self._main.pair.arm.finished
        self._playing = on and not finished
        self._acknowledged.set()
        if on and finished:
            self._send({"kind": "paused", "text": AT_THE_END})
        if not on:
            self._send({"kind": "paused"})
            if at_midnight(self._main.pair):
                self._send(self._days.told(self._main.pair))

    def do_step(self) -> None:
        """One step."""
        self._playing = False
        if not self._main.pair.arm.finished:
            self._step()
            self._show_latest()

    def do_speed(self, place: int) -> None:
        """Set the speed to a place of the switch."""
        self._speed = SPEEDS[max(0, min(place, len(SPEEDS) - 1))]

    def do_jump(self, step: int) -> None:
        """Go to a step of the run: back as far as it is remembered, or on as fast as can be."""
        self._playing = False
        main = self._main.pair
        last = len(main.arm.clock) - 1
        wanted = max(main.arm.clock.warmup_steps, min(step, last))
        if wanted < main.arm.step_index:
            frames = self._remembered(wanted)
            if not frames:
                raise ValueError("that moment is not remembered; run the scenario again to see it")
            self._show(frames, live=wanted == main.arm.step_index - 1)
            return
        while main.arm.step_index <= wanted and not self._closed:
            self._step()
            if main.arm.step_index <= wanted and main.recording:
                for side in self.sides:
                    side.look({"saved": self._saved, "operator": self._operator})
            if time.perf_counter() - self._last_sent > PROGRESS_EVERY_S:
                self._last_sent = time.perf_counter()
                self._send({"kind": "running", "step": main.arm.step_index, "to": wanted + 1})
        self._send({"kind": "history", "history": figures.history(main)})
        self._show_latest()

    def _remembered(self, step: int | None) -> list[Frame]:
        """What all sides showed at a step, or last; nothing where one of them has not seen it."""
        frames = [side.recording.latest if step is None else side.recording.at(step) for side in self.sides]
        found = [frame for frame in frames if frame is not None]
        return found if len(found) == len(frames) else []

    def do_show_again(self) -> None:
        """Tell a page that has been drawn anew where things stand."""
        if not self.sides:
            return
        self._send_opened()
        frames = self._remembered(None)
        if frames:
            self._told = None
            self._show(frames, live=True)

    def do_export(self, form: str) -> None:
        """Hand over what is on screen as a file."""
        self._send({"kind": "export", "form": form, "pair": self._main.pair})

    def do_owner(self, asked: str) -> None:
        """Look at another owner."""
        self._owner = pick(self._main.pair, asked)
        self._send({"kind": "owner", "card": self._main.card(self._owner)})

    def do_shock(self, kind: str, **given: Any) -> None:
        """Let something happen from the coming step on, to this arm and to the reference alike.

        What nobody could foresee strikes the running models. What is announced beforehand would have been
        known from the start: the same city is run again up to now, with the announcement.
        """
        pair = self._main.pair
        if not pair.recording or pair.arm.finished:
            raise ValueError("nothing can happen before the first recorded step or after the last one")
        at = pair.arm.clock.times[pair.arm.step_index].astype(dt.datetime)
        if kind == "payment":
            event = PayEventSection(at=at, **given)
            self._again(lambda spec: with_event(spec, event))
            return
        shock = ShockSection(kind=kind, at=at, **given)  # type: ignore[arg-type]
        if any(each.foresees([shock]) for each in self._pairs):
            self._again(lambda spec: with_shocks(spec, [shock]))
            return
        pair.keep_undisturbed()
        for each in self._pairs:
            each.surprise([shock])
        self._send({"kind": "history", "history": figures.history(pair)})
        self._send({"kind": "struck", "text": struck(pair, shock)})

    def _again(self, change: Callable[[Scenario], Scenario]) -> None:
        """The same cities with a change to their scenarios, up to the present step."""
        pair = self._main.pair
        if self._compared is not None and self._compared[0] is not None:
            self._compared = (change(self._compared[0]), self._compared[1])
        until = pair.arm.step_index - 1
        pair.keep_undisturbed()
        self.do_open(change(pair.spec), pair.name, until, pair.leave_undisturbed())
