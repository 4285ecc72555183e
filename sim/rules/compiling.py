"""Compilation of rules, and the cache of machine code.

Numba's own cache does not detect changes of a rule in *another* file and would run outdated machine code. The
cache is therefore kept in a folder named by a hash of all compiled source files and the versions of Numba and
Python: any edit starts a new folder.
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
from numba.core import compiler, event, types, typing
from numba.core.codegen import JITCodeLibrary
from numba.core.registry import CPUDispatcher
from numba.core.sigutils import normalize_signature
from numba.core.types.misc import unliteral

COMPILED_PACKAGES = ("rules", "state", "city", "agents", "dispatch", "grid", "market")
#: Tables whose rows are numbered by constants of compiled code.
COMPILED_TABLES = ("charger_kinds",)
KEEP_UNUSED_DAYS = 14

F = TypeVar("F", bound=Callable[..., Any])


def source_hash() -> str:
    """SHA-256 over what machine code depends on: sources, tables of kinds, versions of Numba and Python."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256(f"numba {numba.__version__} python {sys.version}".encode())
    for name in COMPILED_PACKAGES:
        for path in sorted((package / name).glob("*.py")):
            digest.update(path.read_bytes())
    for name in COMPILED_TABLES:
        digest.update((package / "data" / "tables" / f"{name}.csv").read_bytes())
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


class _Part(JITCodeLibrary):
    """Code of a rule called by other rules: simplified here, optimised once in the calling function."""

    def _optimize_final_module(self) -> None:
        passes, builder = self._codegen._module_pass_manager(
            loop_vectorize=False, slp_vectorize=False, opt=1, cost="cheap"
        )
        passes.run(self._final_module, builder)


class _Rule(CPUDispatcher):
    """A compiled function with as few type specialisations as possible.

    Numba compiles a function for every combination of argument types, each time with machine code and a
    Python entry point, even if only compiled functions call it. Here integers of any width are one type (a
    row number may come from a 32-bit list or from a loop), literal types are not distinguished, and functions
    called from compiled code are linked into the caller: without entry point, machine code, optimisation or
    file of their own.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._parts: dict[Any, Any] = {}

    def compile(self, sig: Any) -> Any:
        """Compile the function to be called from Python."""
        args, _ = normalize_signature(sig)
        return super().compile(tuple(map(_widened, args)))

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """Compile the function to be called from compiled code; Numba asks for this when it meets a call."""
        pysig, args = self._compiler.fold_argument_types(args, kws)
        wide = tuple(map(_widened, args))
        if wide not in self._parts:
            about = {"dispatcher": self, "args": wide, "return_type": None}
            with event.trigger_event("numba:compile", data=about):
                self._parts[wide] = self._compiled_part(wide)
        signature, _ = self._parts[wide]
        template = typing.make_concrete_template(self.py_func.__name__, self.py_func.__name__, [signature])
        return template, pysig, args, {}

    def get_overload(self, sig: Any) -> Any:
        """Return the key under which the code generator knows a part."""
        args, _ = normalize_signature(sig)
        return self._parts[tuple(args)][1]

    def _compiled_part(self, args: tuple[Any, ...]) -> tuple[Any, object]:
        flags = compiler.Flags()
        self.targetdescr.options.parse_as_flags(flags, self.targetoptions)
        flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        result = compiler.compile_extra(
            self.typingctx,
            self.targetctx,
            self.py_func,
            args=args,
            return_type=None,
            flags=flags,
            locals=self.locals,
            library=_Part(self.targetctx.codegen(), self.py_func.__qualname__),
        )
        key = object()
        self.targetctx.insert_user_function(key, result.fndesc, [result.library])
        return result.signature, key


def _widened(kind: Any) -> Any:
    kind = unliteral(kind)
    return types.int64 if isinstance(kind, types.Integer) and kind != types.uint64 else kind


def _rule(function: F, **options: Any) -> F:
    if numba.config.DISABLE_JIT:
        return function
    usual = {"nopython": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
    rule = _Rule(function, targetoptions=usual | options)
    rule.enable_caching()
    return cast(F, rule)


def compiled(function: F) -> F:
    """Compile a function for use from rules, kernels and agents alike.

    The GIL is released, so that :mod:`sim.state.blocks` can run blocks of rows side by side.
    ``fastmath`` stays off: results must not depend on how the compiler reorders a sum.
    """
    return _rule(function)


def per_row(function: F) -> F:
    """Compile a function that runs for every row and allocates no arrays.

    It is compiled without Numba's runtime, so that nothing is reference-counted. With the runtime, every
    function that takes an array changes its reference count atomically: measured for one car, 500 ns against
    90 ns, and more when two threads use the same array.
    """
    return _rule(function, _nrt=False)


def part_of_row(function: F) -> F:
    """Compile a function as :func:`per_row`, inlined into its callers.

    A call that passes the whole world copies about a hundred words; in functions that run in every step this
    costs more than the rule itself.
    """
    return _rule(function, _nrt=False, forceinline=True)
