"""Read text files that people hand over: regular files of a bounded size, in UTF-8."""

from __future__ import annotations

import stat
from pathlib import Path


class FileTrouble(Exception):
    """A file that cannot be read as text.

    Attributes
    ----------
    line : int or None
        Where the trouble begins, counted from 1; None where it is about the file as a whole.
    message : str
    """

    def __init__(self, message: str, line: int | None = None):
        self.message, self.line = message, line
        super().__init__(message)


def read_text(path: Path, most_bytes: int, form: str) -> str:
    """Text of a file, without a byte-order mark.

    Parameters
    ----------
    most_bytes : int
        A larger file is refused unread.
    form : str
        What was expected, for messages: "a YAML file".

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FileTrouble
        If it is a folder or a pipe, too large, not readable or not text.
    """
    try:
        about = path.stat()
        if stat.S_ISDIR(about.st_mode):
            raise FileTrouble(f"is a folder; expected {form}")
        if not stat.S_ISREG(about.st_mode):
            raise FileTrouble(f"is no regular file; expected {form}")
        if about.st_size > most_bytes:
            raise FileTrouble(f"larger than {most_bytes:,} bytes; expected {form}")
        # What a system shows as an empty file may go on for ever when it is read.
        content = b"" if about.st_size == 0 else _content(path, most_bytes)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise FileTrouble(f"cannot be read ({getattr(error, 'strerror', None) or error})") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FileTrouble(f"not a text file in UTF-8; expected {form}", line) from None
    for number, line_ in enumerate(text.splitlines(), start=1):
        if any(ord(char) < 32 and char not in "\t\r\n" for char in line_):
            raise FileTrouble(f"not a text file in UTF-8; expected {form}", number)
    return text


def _content(path: Path, most_bytes: int) -> bytes:
    with path.open("rb") as stream:
        return stream.read(most_bytes)
