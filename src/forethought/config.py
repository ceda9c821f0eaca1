"""What a recipe file says, as frozen dataclasses: strict, so that a typo cannot change a run."""

import dataclasses
import difflib
import math
import tomllib
import types
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from forethought.errors import ConfigError

T = TypeVar("T")

WORDS: dict[type, str] = {
    str: "a string",
    int: "a whole number",
    float: "a finite number",
    bool: "true or false",
    Path: "a path, as a string",
}
"""How a message names what it expected."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Place:
    """Where in which file we are, for messages."""

    file: Path
    table: str = ""

    def within(self, name: str) -> "_Place":
        return _Place(self.file, f"{self.table}.{name}" if self.table else name)

    def error(self, message: str) -> ConfigError:
        table = f" [{self.table}]:" if self.table else ""
        return ConfigError(f"{self.file}:{table} {message}")


def load(path: Path, into: type[T]) -> T:
    """Read a TOML file into a tree of dataclasses.

    A nested dataclass is a table. A field may be str, int, float, bool, Path, a StrEnum, a
    dataclass, a tuple of one of these, or one of these or None. A whole number will do for
    a float; nothing else is converted.

    Raises:
        ConfigError: if the file cannot be read, is not TOML, has an unknown key, lacks one
            that has no default, or holds a value of another kind or one that the dataclass
            itself refuses with a ValueError.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such recipe; check the path") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); name a TOML file") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not text; a recipe is TOML in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}; see https://toml.io") from None
    return _build(table, into, _Place(path))


def dump(recipe: object) -> dict[str, Any]:
    """A dataclass tree as plain values: what `load` would read to build it again.

    A field that is None is left out, as TOML has no word for it.

    Raises:
        TypeError: if `recipe` is not a dataclass.
    """
    if not dataclasses.is_dataclass(recipe) or isinstance(recipe, type):
        raise TypeError(f"a recipe is a dataclass, got {recipe!r}")
    values = {field.name: getattr(recipe, field.name) for field in dataclasses.fields(recipe)}
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value):
        return dump(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    return value.as_posix() if isinstance(value, Path) else value


def _build(table: Mapping[str, Any], into: type[T], place: _Place) -> T:
    fields = {f.name: f for f in dataclasses.fields(into) if f.init}  # type: ignore[arg-type]
    for key in table:
        if key not in fields:
            raise place.error(f"unknown key {key!r}; {_hint(key, fields)}")
    missing = [name for name in fields if name not in table and _required(fields[name])]
    if missing:
        raise place.error(f"missing {', '.join(map(repr, missing))}: no default; add it")
    hints = get_type_hints(into)
    values = {name: _value(raw, hints[name], place.within(name)) for name, raw in table.items()}
    try:
        return into(**values)
    except ValueError as error:
        raise place.error(str(error)) from error


def _required(field: "dataclasses.Field[Any]") -> bool:
    absent = dataclasses.MISSING
    return field.default is absent and field.default_factory is absent


def _value(raw: object, kind: object, place: _Place) -> object:
    kind = _without_none(kind)
    if get_origin(kind) is tuple:
        return _tuple(raw, get_args(kind), place)
    if not isinstance(kind, type):
        raise TypeError(f"{place.table}: a recipe cannot hold a {kind}; see `load` for what it can")
    if dataclasses.is_dataclass(kind):
        return _build(_table(raw, place), kind, place)
    return _choice(raw, kind, place) if issubclass(kind, StrEnum) else _scalar(raw, kind, place)


def _without_none(kind: object) -> object:
    if get_origin(kind) not in {Union, types.UnionType}:
        return kind
    arms = [arm for arm in get_args(kind) if arm is not types.NoneType]
    return arms[0] if len(arms) == 1 else kind


def _table(raw: object, place: _Place) -> dict[str, Any]:
    if isinstance(raw, dict):
        return raw
    raise _refuse(raw, "a table", place)


def _tuple(raw: object, kinds: tuple[Any, ...], place: _Place) -> tuple[object, ...]:
    if not isinstance(raw, list):
        raise _refuse(raw, "an array", place)
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(raw)
    if len(kinds) != len(raw):
        raise _refuse(raw, f"an array of {len(kinds)}", place)
    pairs = enumerate(zip(raw, kinds, strict=True))
    return tuple(_value(item, kind, place.within(str(i))) for i, (item, kind) in pairs)


def _choice(raw: object, kind: type[StrEnum], place: _Place) -> StrEnum:
    known = [member.value for member in kind]
    if isinstance(raw, str) and raw in known:
        return kind(raw)
    raise _refuse(raw, f"one of {', '.join(known)}", place)


def _scalar(raw: object, kind: type, place: _Place) -> object:
    accepted: tuple[type, ...] = {float: (int, float), Path: (str,)}.get(kind, (kind,))
    # In Python a bool is an int; in a recipe `steps = true` is a slip.
    fits = isinstance(raw, accepted) and (kind is bool or not isinstance(raw, bool))
    if not fits or (isinstance(raw, float) and not math.isfinite(raw)):
        raise _refuse(raw, WORDS[kind], place)
    return kind(raw)


def _refuse(raw: object, rule: str, place: _Place) -> ConfigError:
    table, _, name = place.table.rpartition(".")
    return _Place(place.file, table).error(f"{name} must be {rule}, got {raw!r}")


def _hint(key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known))}"
