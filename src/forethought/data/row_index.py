"""Where every example of a source is found again, and its key."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from forethought.data.example_source import ExampleKey
from forethought.data.row_table import Where


@dataclass(slots=True)
class RowIndex:
    """The places and keys of examples: 32 bytes and a label each; equal texts are stored once."""

    _wheres: "array[int]" = field(default_factory=lambda: array("q"))
    _tasks: list[str] = field(default_factory=list)
    _labels: list[str] = field(default_factory=list)
    _texts: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._tasks)

    def add(self, where: Where, key: ExampleKey) -> None:
        """Add the next example."""
        self._wheres.extend(where)
        self._tasks.append(self._texts.setdefault(key.task, key.task))
        self._labels.append(self._texts.setdefault(key.label, key.label))

    def where(self, index: int) -> Where:
        """The place of an example; a negative index counts from the end.

        Raises:
            IndexError: if there is none with that index.
        """
        start = range(0, len(self._wheres), len(Where._fields))[index]
        return Where(*self._wheres[start : start + len(Where._fields)])

    def keys(self) -> Iterator[ExampleKey]:
        """The key of every example in order."""
        return map(ExampleKey, self._tasks, self._labels)
