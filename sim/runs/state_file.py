"""The state of a run as data: one file of arrays and JSON; reading it executes no code.

A state is written as a tree: numbers, texts, lists, arrays, tables, and objects by the names of their fields.
It is read in two ways. Plain values (tables, sums) are built anew; objects only of data classes of this
package. A model is first built from its scenario, as at the beginning of a run, and then *filled*: arrays in
place, fields by name. No name in a file is ever imported or called.

Layout: magic, consecutive arrays, the tree as JSON, its length, and a checksum of everything before it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import random
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from pydantic import BaseModel

from sim.scenario import ScenarioError

MAGIC = b"v2gcity state 1\n"
TAIL = struct.Struct("<QI")
CHUNK = 1 << 24
#: Fields that are set when a model is built and do not change during a run.
UNCHANGED = (BaseModel, type)
#: Modules whose objects hold no state of a city: Mesa, and its counters and weak references.
OF_MESA = ("mesa", "weakref", "_weakref", "itertools")

Trail = tuple[str, ...]


class DamagedState(Exception):
    """A file that is not a state, or an incomplete one."""


class UnkeptState(TypeError):
    """An object in a model cannot be written as data. The message names it."""


# ------------------------------------------------------------------------------------- writing
def write_state(stream: BinaryIO, state: Any) -> None:
    """Write a state.

    Raises
    ------
    UnkeptState
        If it contains an object that is not data, such as a function or an open file.
    """
    writer = _Writer(stream)
    writer.put(MAGIC)
    tree = json.dumps(writer.tree(state, ()), separators=(",", ":")).encode()
    writer.put(tree)
    stream.write(TAIL.pack(len(tree), writer.checksum))


class _Writer:
    def __init__(self, stream: BinaryIO):
        self._stream, self._at, self.checksum = stream, 0, 0
        self._seen: dict[int, tuple[Any, tuple[str, ...]]] = {}

    def put(self, content: Any) -> int:
        """Append bytes; returns where they begin."""
        begin = self._at
        for first in range(0, len(content), CHUNK):
            part = content[first : first + CHUNK]
            self._stream.write(part)
            self.checksum = zlib.crc32(part, self.checksum)
        self._at += len(content)
        return begin

    def tree(self, value: Any, path: tuple[str, ...]) -> Any:
        """A value as JSON; its arrays are appended to the file."""
        if value is None or isinstance(value, (bool, int, str)):
            return value.item() if isinstance(value, np.generic) else value
        if isinstance(value, float):
            return float(value) if np.isfinite(value) else {"float": repr(float(value))}
        if isinstance(value, np.generic):
            return {"scalar": self._array(np.asarray(value))}
        if isinstance(value, (dt.date, Path)):
            raise UnkeptState(f"{'.'.join(path)}: a {type(value).__name__}")
        if isinstance(value, UNCHANGED) or callable(value):
            return {"unchanged": type(value).__name__}
        if id(value) in self._seen:
            return {"again": list(self._seen[id(value)][1])}
        self._seen[id(value)] = value, path  # keeps a reference, so that the id is not reused
        return self._compound(value, path)

    def _compound(self, value: Any, path: tuple[str, ...]) -> Any:
        if isinstance(value, np.ndarray):
            return {"array": self._array(value)}
        if isinstance(value, pd.DataFrame):
            return {
                "table": {str(name): self._column(value[name]) for name in value.columns},
                "rows": len(value),
            }
        if isinstance(value, random.Random):
            return {"random": json.loads(json.dumps(value.getstate()))}
        if isinstance(value, np.random.Generator):
            return {"generator": value.bit_generator.state}
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return {
                "named": _name(type(value)),
                "fields": self._fields(zip(value._fields, value, strict=True), path),
            }
        if isinstance(value, (list, tuple)):
            items = [self.tree(item, (*path, str(at))) for at, item in enumerate(value)]
            return items if isinstance(value, list) else {"tuple": items}
        if isinstance(value, (set, frozenset)):
            if not all(isinstance(item, (str, int, tuple)) for item in value):
                return {"unchanged": "set"}  # Mesa's own, of its generators of events
            return {"set": [self.tree(item, path) for item in sorted(value)]}
        if isinstance(value, dict):
            if not all(isinstance(key, (str, int, tuple, type)) for key in value):
                return {"unchanged": "dict"}  # Mesa's own, by agent
            return {
                "dict": [[self._key(key), self.tree(item, (*path, str(key)))] for key, item in value.items()]
            }
        return self._object(value, path)

    def _object(self, value: Any, path: tuple[str, ...]) -> Any:
        home = type(value).__module__.partition(".")[0]
        if home in OF_MESA:
            return {"unchanged": type(value).__name__}
        if not hasattr(value, "__dict__") or home in sys.stdlib_module_names:
            raise UnkeptState(f"{'.'.join(path)}: a {type(value).__name__}")
        return {"object": _name(type(value)), "fields": self._fields(vars(value).items(), path)}

    def _fields(self, fields: Any, path: tuple[str, ...]) -> dict[str, Any]:
        return {name: self.tree(value, (*path, name)) for name, value in fields}

    def _key(self, key: Any) -> Any:
        return {"class": _name(key)} if isinstance(key, type) else self.tree(key, ())

    def _array(self, array: np.ndarray) -> list[Any]:
        """Type, shape and offset of an array; texts by their distinct values."""
        if array.dtype == object:
            codes, texts = pd.factorize(array.ravel(), use_na_sentinel=True)
            if not all(isinstance(text, str) for text in texts):
                raise UnkeptState(f"an array of {type(texts[0]).__name__}")
            return [
                "texts",
                list(array.shape),
                self._array(codes.astype(np.int32)),
                [str(text) for text in texts],
            ]
        plain = np.ascontiguousarray(array)
        kind = plain.dtype.str if plain.dtype.names is None else "record"
        return [
            kind,
            list(array.shape),
            self.put(plain.reshape(-1).view(np.uint8).data),
            plain.dtype.itemsize,
        ]

    def _column(self, column: pd.Series) -> Any:
        if isinstance(column.dtype, pd.CategoricalDtype):
            names = [str(name) for name in column.dtype.categories]
            return {"codes": self._array(column.cat.codes.to_numpy()), "names": names}
        return {"values": self._array(column.to_numpy()), "dtype": str(column.dtype)}


def _name(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


# ------------------------------------------------------------------------------------- reading
class State:
    """A saved state.

    Raises
    ------
    DamagedState
        If the file is not a state, or is incomplete.
    """

    def __init__(self, path: Path):
        self._path = path
        try:
            size = path.stat().st_size
            with path.open("rb") as stream:
                if stream.read(len(MAGIC)) != MAGIC or size < len(MAGIC) + TAIL.size:
                    raise DamagedState("it is no state of a run")
                stream.seek(size - TAIL.size)
                length, checksum = TAIL.unpack(stream.read(TAIL.size))
                if length > size - TAIL.size - len(MAGIC) or _checksum(stream, size - TAIL.size) != checksum:
                    raise DamagedState("it is not whole")
                stream.seek(size - TAIL.size - length)
                self._tree = json.loads(stream.read(length))
        except (OSError, ValueError, RecursionError) as error:
            raise DamagedState(str(error)) from error

    def build(self, name: str) -> Any:
        """Build a plain part of the state.

        Raises
        ------
        ScenarioError
            If the part is not what this version of the package writes.
        """
        return self._part(name, None)

    def fill(self, name: str, fresh: Any) -> None:
        """Restore a part of the state into a newly built object.

        Raises
        ------
        ScenarioError
            If the part is not what this version of the package writes.
        """
        self._part(name, fresh)

    def _part(self, name: str, fresh: Any) -> Any:
        try:
            parts = dict(map(tuple, self._tree["dict"]))
            self._found: dict[tuple[str, ...], Any] = {}
            return self._value(parts[name], fresh, (name,))
        except (DamagedState, LookupError, TypeError, ValueError, AttributeError, OSError) as error:
            raise ScenarioError.single(
                str(self._path), "", f"is damaged or foreign ({error}); remove it, that run is made again"
            ) from error

    def _value(self, tree: Any, fresh: Any, path: Trail) -> Any:
        """The value of a tree; existing objects and arrays are filled in place."""
        if isinstance(tree, list):
            return self._note(path, self._items(tree, fresh, path))
        if not isinstance(tree, dict):
            return tree
        kind = next(iter(tree))
        read = getattr(self, f"_read_{kind}", None)
        if read is None:
            raise DamagedState(f"it holds a '{kind}'")
        return read(tree[kind], tree, fresh, path)

    def _note(self, path: Trail, value: Any) -> Any:
        """Store a value that was read, for further references to it."""
        self._found[path] = value
        return value

    def _items(self, items: list[Any], fresh: Any, path: Trail) -> list[Any]:
        before = fresh if isinstance(fresh, (list, tuple)) else []
        return [
            self._value(item, before[at] if at < len(before) else None, (*path, str(at)))
            for at, item in enumerate(items)
        ]

    def _read_float(self, text: str, tree: Any, fresh: Any, path: Trail) -> float:
        return float(text)

    def _read_scalar(self, content: Any, tree: Any, fresh: Any, path: Trail) -> Any:
        return self._array(content, None)[()]

    def _read_unchanged(self, content: Any, tree: Any, fresh: Any, path: Trail) -> Any:
        return fresh

    def _read_again(self, where: Any, tree: Any, fresh: Any, path: Trail) -> Any:
        return self._found.get(tuple(where), fresh)

    def _read_array(self, content: Any, tree: Any, fresh: Any, path: Trail) -> Any:
        return self._note(path, self._array(content, fresh))

    def _read_table(self, content: Any, tree: Any, fresh: Any, path: Trail) -> pd.DataFrame:
        columns = {name: self._column(column) for name, column in content.items()}
        return pd.DataFrame(columns, index=range(tree["rows"]), columns=list(columns))

    def _read_random(self, content: Any, tree: Any, fresh: Any, path: Trail) -> Any:
        version, internal, gauss = content
        fresh.setstate((version, tuple(internal), gauss))
        return self._note(path, fresh)

    def _read_generator(self, content: Any, tree: Any, fresh: Any, path: Trail) -> Any:
        fresh.bit_generator.state = content
        return self._note(path, fresh)

    def _read_tuple(self, items: list[Any], tree: Any, fresh: Any, path: Trail) -> Any:
        return self._note(path, tuple(self._items(items, fresh, path)))

    def _read_set(self, items: list[Any], tree: Any, fresh: Any, path: Trail) -> Any:
        return self._note(path, set(self._items(items, None, path)))

    def _read_dict(self, pairs: list[Any], tree: Any, fresh: Any, path: Trail) -> dict[Any, Any]:
        before = dict(fresh) if isinstance(fresh, dict) else {}
        found: dict[Any, Any] = fresh if isinstance(fresh, dict) else {}
        self._note(path, found).clear()
        classes = {_name(key): key for key in before if isinstance(key, type)}
        for written, item in pairs:
            of_class = isinstance(written, dict) and "class" in written
            key = classes[written["class"]] if of_class else self._value(written, None, path)
            found[key] = self._value(item, before.get(key), (*path, str(key)))
        return found

    def _read_named(self, name: str, tree: Any, fresh: Any, path: Trail) -> Any:
        same = fresh is not None and _name(type(fresh)) == name
        found = {
            key: self._value(value, getattr(fresh, key, None) if same else None, (*path, key))
            for key, value in tree["fields"].items()
        }
        if same and all(found[key] is getattr(fresh, key) for key in found):
            return self._note(path, fresh)
        return self._note(path, (type(fresh) if same else _class_of_fields(name))(**found))

    def _read_object(self, name: str, tree: Any, fresh: Any, path: Trail) -> Any:
        if fresh is None or _name(type(fresh)) != name:
            fresh = object.__new__(_class_of_fields(name))
        self._note(path, fresh)
        for key, value in tree["fields"].items():
            found = self._value(value, getattr(fresh, key, None), (*path, key))
            if found is not getattr(fresh, key, self):
                object.__setattr__(fresh, key, found)
        return fresh

    def _column(self, content: Any) -> Any:
        if "codes" in content:
            return pd.Categorical.from_codes(
                self._array(content["codes"], None), categories=pd.Index(content["names"])
            )
        values, dtype = self._array(content["values"], None), content["dtype"]
        return values if str(values.dtype) == dtype else pd.Series(values).astype(dtype).array

    def _array(self, content: Any, fresh: Any) -> Any:
        kind, shape, *rest = content
        if kind == "texts":
            codes, texts = self._array(rest[0], None), np.array([*rest[1], None], object)
            return texts[codes].reshape(shape)
        place, itemsize = rest
        into = (
            isinstance(fresh, np.ndarray) and list(fresh.shape) == shape and fresh.dtype.itemsize == itemsize
        )
        if kind == "record" and not into:
            raise DamagedState("it is of another version of the model")
        if itemsize == 0:  # records without a field
            return fresh
        count = int(np.prod(shape, dtype=np.int64)) * itemsize
        raw = np.fromfile(self._path, np.uint8, count, offset=place)
        dtype = fresh.dtype if into else np.dtype(kind)
        if into and (kind == "record" or dtype == np.dtype(kind)) and fresh.flags.writeable:
            np.copyto(fresh, raw.view(dtype).reshape(shape))
            return fresh
        return raw.view(np.dtype(kind)).reshape(shape)


def _class_of_fields(name: str) -> Any:
    """A data class of a module of this package that is already loaded.

    Raises
    ------
    DamagedState
        For any other name: a file must not determine which code is executed.
    """
    module, _, qualified = name.partition(":")
    home = sys.modules.get(module) if module.partition(".")[0] == "sim" else None
    cls: Any = getattr(home, qualified, None)
    own = isinstance(cls, type) and cls.__module__ == module
    if own and (dataclasses.is_dataclass(cls) or (issubclass(cls, tuple) and hasattr(cls, "_fields"))):
        return cls
    raise DamagedState(f"it asks for a '{name}'")


def _checksum(stream: BinaryIO, length: int) -> int:
    stream.seek(0)
    checksum = 0
    for part in _chunks(stream, length):
        checksum = zlib.crc32(part, checksum)
    return checksum


def _chunks(stream: BinaryIO, length: int) -> Iterator[bytes]:
    while length > 0:
        part = stream.read(min(CHUNK, length))
        if not part:
            return
        length -= len(part)
        yield part


def replace_file(path: Path, write: Any) -> None:
    """Write a file under a temporary name and rename it when it is complete and flushed to disk."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with scratch.open("wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
