"""Tables (of TOML, of JSON) as frozen dataclasses: strict, so that a typo cannot change a run."""

import dataclasses
import difflib
import inspect
import math
import tomllib
import types
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from forethought.errors import ConfigError

T = TypeVar("T")

_RULES: dict[type, str] = {
    str: "a string",
    bytes: "bytes",
    int: "a whole number",
    float: "a finite number",
    bool: "true or false",
    Path: "a path, as a string",
}
"""What a value of each type must be, in messages."""
_OTHER_KEYS = "other_keys"
_STRING_OR_BYTES = str | bytes
_EXACT = frozenset({str, bytes, int, bool})
"""Types of which every value is taken as it is."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Location:
    """A table of a file, in messages."""

    file: str
    table: str = ""

    def within(self, name: str) -> "_Location":
        return _Location(self.file, f"{self.table}.{name}" if self.table else name)

    def error(self, message: str) -> ConfigError:
        parts = (f"{self.file}:" if self.file else "", f"[{self.table}]:" if self.table else "")
        return ConfigError(" ".join([*filter(None, parts), message]))


def load(path: Path, into: type[T]) -> T:
    """Read a TOML file into a tree of dataclasses.

    Raises:
        ConfigError: if the file cannot be read or is not TOML, or for a reason of `build`.
    """
    return build(read(path), into, where=str(path))


def read(path: Path) -> dict[str, Any]:
    """Read a TOML file as plain tables.

    Raises:
        ConfigError: if the file cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such recipe; check the path") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); name a TOML file") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not text; a recipe is TOML in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}; see https://toml.io") from None


def build(table: Mapping[str, Any], into: type[T], *, where: str) -> T:
    """Build a tree of dataclasses from plain tables.

    A nested dataclass is a table. A field may be str, bytes, int, float, bool, Path, a StrEnum, a
    dataclass, a tuple of one of these, one of these or None, str or bytes, a Mapping of plain
    values, or `other_keys()`. A whole number is accepted for a float; nothing else is converted.

    Args:
        where: the file or line that messages name; may be empty.

    Raises:
        ConfigError: for an unknown key, a missing one that has no default, a value of another
            kind, or a value that the dataclass refuses with a ValueError.
    """
    return _build(table, into, _Location(where))


def other_keys() -> Any:  # noqa: ANN401 - stands where a field's default does
    """Declare a field that takes every key its dataclass does not name, as plain values."""
    return dataclasses.field(default_factory=dict, metadata={_OTHER_KEYS: True})


def find(name: str, known: Mapping[str, T], *, kind: str) -> T:
    """Look up a name among the known ones, or import it if it is spelled `module:Name`.

    Raises:
        ConfigError: if it is neither.
    """
    if name in known:
        return known[name]
    module, colon, attribute = name.partition(":")
    if not colon:
        raise ConfigError(
            f"unknown {kind} {name!r}; {_hint(name, known)}; one of your own is named by its "
            "import path, 'module:Name'"
        )
    try:
        found: T = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"{kind} {name!r} cannot be imported ({error}); check the import path, 'module:Name'"
        ) from None
    return found


def build_named(
    name: str, table: Mapping[str, Any], known: Mapping[str, type[T]], *, kind: str
) -> T:
    """Build the dataclass that `find` gives from a table of its fields.

    Raises:
        ConfigError: if there is none of that name, it is no dataclass, or for a reason of `build`.
    """
    objects: Mapping[str, object] = known  # an import path may name anything
    found = find(name, objects, kind=kind)
    if not (inspect.isclass(found) and dataclasses.is_dataclass(found)):
        raise ConfigError(f"{kind} {name!r} is no dataclass; its fields would be the table's keys")
    return build(table, cast("type[T]", found), where="")


def dump(recipe: object) -> dict[str, Any]:
    """A dataclass tree as plain tables, from which `build` makes an equal one.

    A field that is None is left out, as TOML has no null.

    Raises:
        TypeError: if `recipe` is not a dataclass.
    """
    if not dataclasses.is_dataclass(recipe) or isinstance(recipe, type):
        raise TypeError(f"a recipe is a dataclass, got {recipe!r}")
    table: dict[str, Any] = {}
    for field in dataclasses.fields(recipe):
        value = getattr(recipe, field.name)
        if _OTHER_KEYS in field.metadata:
            table |= {key: _plain(other) for key, other in value.items()}
        elif field.init and value is not None:
            table[field.name] = _plain(value)
    return table


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value):
        return dump(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, StrEnum):
        return value.value
    return value.as_posix() if isinstance(value, Path) else value


@dataclasses.dataclass(frozen=True, slots=True)
class _Schema:
    """What a table of one dataclass may hold: the type of each key, as `_without_none` has it."""

    kinds: Mapping[str, object]
    required: tuple[str, ...]
    others: tuple[str, ...]


@cache
def _schema(into: type) -> _Schema:
    """Read once for each dataclass: a file of examples builds millions of them."""
    hints = get_type_hints(into)
    fields = [each for each in dataclasses.fields(into) if each.init]
    named = [each for each in fields if _OTHER_KEYS not in each.metadata]
    return _Schema(
        kinds={each.name: _without_none(hints[each.name]) for each in named},
        required=tuple(each.name for each in named if _required(each)),
        others=tuple(each.name for each in fields if _OTHER_KEYS in each.metadata),
    )


def _build(table: Mapping[str, Any], into: type[T], location: _Location) -> T:
    schema = _schema(into)  # type: ignore[arg-type] # every class is hashable
    unknown = {key: raw for key, raw in table.items() if key not in schema.kinds}
    if unknown and not schema.others:
        key = next(iter(unknown))
        raise location.error(f"unknown key {key!r}; {_hint(key, schema.kinds)}")
    missing = [name for name in schema.required if name not in table]
    if missing:
        raise location.error(f"missing {', '.join(map(repr, missing))}: no default; add it")
    values = {
        name: raw
        if type(raw) is (kind := schema.kinds[name]) and kind in _EXACT
        else _value(raw, kind, location.within(name))
        for name, raw in table.items()
        if name not in unknown
    }
    values |= dict.fromkeys(schema.others, unknown)
    try:
        return into(**values)
    except ValueError as error:
        raise location.error(str(error)) from error


def _required(field: "dataclasses.Field[Any]") -> bool:
    absent = dataclasses.MISSING
    return field.default is absent and field.default_factory is absent


def _value(raw: object, kind: object, location: _Location) -> object:
    if get_origin(kind) is tuple:
        return _tuple(raw, get_args(kind), location)
    if get_origin(kind) is Mapping:
        return _table(raw, location)
    if kind == _STRING_OR_BYTES:
        kind = bytes if isinstance(raw, bytes) else str
    if not isinstance(kind, type):
        raise TypeError(
            f"{location.table}: a recipe cannot hold a {kind}; see `build` for what it can"
        )
    if dataclasses.is_dataclass(kind):
        return _build(_table(raw, location), kind, location)
    return (
        _choice(raw, kind, location) if issubclass(kind, StrEnum) else _scalar(raw, kind, location)
    )


def _without_none(kind: object) -> object:
    if get_origin(kind) not in {Union, types.UnionType}:
        return kind
    arms = [arm for arm in get_args(kind) if arm is not types.NoneType]
    if len(arms) == 1:
        return arms[0]
    return _STRING_OR_BYTES if set(arms) == {str, bytes} else kind


def _table(raw: object, location: _Location) -> dict[str, Any]:
    if isinstance(raw, dict):
        return raw
    raise _refuse(raw, "a table", location)


def _tuple(raw: object, kinds: tuple[Any, ...], location: _Location) -> tuple[object, ...]:
    if not isinstance(raw, list):
        raise _refuse(raw, "an array", location)
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(raw)
    if len(kinds) != len(raw):
        raise _refuse(raw, f"an array of {len(kinds)}", location)
    pairs = enumerate(zip(raw, map(_without_none, kinds), strict=True))
    return tuple(_value(item, kind, location.within(str(i))) for i, (item, kind) in pairs)


def _choice(raw: object, kind: type[StrEnum], location: _Location) -> StrEnum:
    known = [member.value for member in kind]
    if isinstance(raw, str) and raw in known:
        return kind(raw)
    raise _refuse(raw, f"one of {', '.join(known)}", location)


def _scalar(raw: object, kind: type, location: _Location) -> object:
    accepted: tuple[type, ...] = {float: (int, float), Path: (str,)}.get(kind, (kind,))
    # In Python a bool is an int; in a recipe `steps = true` is a mistake.
    fits = isinstance(raw, accepted) and (kind is bool or not isinstance(raw, bool))
    if not fits or (isinstance(raw, float) and not math.isfinite(raw)):
        raise _refuse(raw, _RULES[kind], location)
    return kind(raw)


def _refuse(raw: object, rule: str, location: _Location) -> ConfigError:
    table, _, name = location.table.rpartition(".")
    return _Location(location.file, table).error(f"{name} must be {rule}, got {raw!r}")


def _hint(key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known))}"
