"""Bad input: where it stands, what is wrong, what is allowed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

#: Of a word that somebody has typed or a file holds, no more than this is repeated.
LONGEST_WORD = 400


def printable(text: str) -> str:
    """The text on one line that can be read to its end.

    What cannot be seen is written as an escape, as a terminal must not obey it; endless words are cut.
    """
    shown = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
    return re.sub(rf"(\S{{{LONGEST_WORD}}})\S+", r"\1…", shown)


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake of an input file.

    Attributes
    ----------
    place : str
        ``file:line``, or the command-line option the text came from.
    key : str
        Dotted path of the key, empty when the whole file is meant.
    message : str
    """

    place: str
    key: str
    message: str

    def __str__(self) -> str:
        parts = [self.place, self.key, " ".join(self.message.split())]
        return printable(": ".join(part for part in parts if part))


class ScenarioError(Exception):
    """Bad input. ``str(error)`` is one line for each mistake."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @classmethod
    def single(cls, place: str, key: str, message: str) -> ScenarioError:
        """Build an error with one mistake."""
        return cls([Problem(place, key, message)])


class PolicyError(RuntimeError):
    """A policy that failed or named a wish that makes no sense. The message names it."""


def suggestion(word: str, allowed: Iterable[str]) -> str:
    """Return ", did you mean 'x'?" for the nearest allowed word, or an empty text."""
    nearest = difflib.get_close_matches(word, list(allowed), n=1, cutoff=0.6)
    return f", did you mean '{nearest[0]}'?" if nearest else ""


def unknown(what: str, word: str, allowed: Iterable[str]) -> str:
    """Say that a word is not among the allowed ones, which it is nearest to, and list them."""
    words = list(allowed)
    hint = suggestion(word, words) or ";"
    return f"unknown {what}{hint} allowed: {', '.join(words)}"
