"""How compiled code is compiled and where its machine code is kept.

Numba's own cache does not notice that a rule in *another* file has changed and would go on
running the old machine code. We therefore keep the cache in a folder whose name is a hash of
every compiled source file, numba's version and Python's: any edit starts a fresh folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import platformdirs

COMPILED_PACKAGES = ("rules", "state", "city", "agents", "dispatch", "grid", "market")
KEEP_UNUSED_DAYS = 14

F = TypeVar("F", bound=Callable[..., Any])


def source_hash() -> str:
    """SHA-256 over all compiled sources, the numba version and the Python version."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256(f"numba {numba.__version__} python {sys.version}".encode())
    for name in COMPILED_PACKAGES:
        for path in sorted((package / name).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def cache_folder() -> Path:
    """Folder of the machine code that belongs to exactly these sources.

    ``V2GCITY_CACHE_DIR`` overrides the place; where nothing can be written, the folder is a
    temporary one and every process compiles afresh.
    """
    base = os.environ.get("V2GCITY_CACHE_DIR")
    root = Path(base) if base else platformdirs.user_cache_path("v2gcity", appauthor=False)
    folder = root / "machine-code" / source_hash()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        _forget_unused(folder.parent)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="v2gcity-"))
    return folder


def is_warm() -> bool:
    """Whether machine code for these sources is already on disk."""
    return any(Path(numba.config.CACHE_DIR).glob("*/*.nbi"))


def _forget_unused(parent: Path) -> None:
    oldest = time.time() - KEEP_UNUSED_DAYS * 86_400
    for folder in parent.iterdir():
        if folder.is_dir() and folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)


numba.config.CACHE_DIR = str(cache_folder())


def compiled(function: F) -> F:
    """Compile a function for use from rules, kernels and agents alike.

    The GIL is released, so that :mod:`sim.state.blocks` can run blocks of rows side by side.
    ``fastmath`` stays off: results must not depend on how the compiler reorders a sum.
    """
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def per_row(function: F) -> F:
    """Compile a function that runs for every row and makes no array of its own.

    Without Numba's runtime nothing in it is reference-counted. With it, every function that is handed an
    array counts it up and down, atomically: measured for one moved car, 500 ns against 90 ns, and worse
    when two threads count the same array.
    """
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy", _nrt=False)(function))


def part_of_row(function: F) -> F:
    """Compile a function as :func:`per_row`, as a part of whatever calls it.

    A call that hands on the whole world copies a hundred words; for what runs in every step that is more
    than the rule itself.
    """
    return cast(
        F, numba.njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)(function)
    )
