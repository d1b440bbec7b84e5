"""What a pickle file says, read without executing it: dicts, lists, text, numbers and plain arrays.

A pickle is a program for a stack machine whose instructions may call anything. This reader takes the
instructions from `pickletools.genops`, which only parses them, and carries out those that build plain values.
Of the calls it knows three, by which numpy and Python 2 store arrays and bytes; it makes those values itself
and calls nothing that the file names. Every other instruction or name is refused.
"""

import pickletools
from collections.abc import Callable, Mapping
from typing import Any, Final, final

from privacy_lab.data.opcode_arrays import Blank, Kind, array_from, kind_from, kind_of
from privacy_lab.errors import BadData

_MARK: Final = object()


def read_opcodes(data: bytes, where: object) -> Any:
    """Give the value that a pickle file describes; numpy arrays in it are of numbers alone.

    Raises:
        BadData: it is no pickle, is cut off, or asks for anything but plain values.
    """
    machine = _Machine()
    try:
        for opcode, argument, place in pickletools.genops(data):
            step = _STEPS.get(opcode.name)
            if step is None:
                raise BadData(
                    f"{where}: instruction {opcode.name} at byte {place} builds more than plain values"
                )
            step(machine, argument)
        return machine.pop()
    # Whatever a damaged file makes a step trip over: an empty stack, a wrong type, a number out of range.
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise BadData(f"{where}: cannot be read as a pickle of plain values: {error}") from error


@final
class _Name:
    """A name that the file gives of something in Python; never looked up."""

    def __init__(self, text: str) -> None:
        self.text = text


@final
class _Machine:
    """The stack and the memo that the instructions speak of."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def push(self, value: object) -> None:
        self._stack.append(value)

    def pop(self) -> Any:
        return self._stack.pop()

    def pop_some(self, count: int) -> tuple[Any, ...]:
        return tuple(reversed([self.pop() for _ in range(count)]))

    def pop_to_mark(self) -> list[Any]:
        found: list[Any] = []
        while (value := self.pop()) is not _MARK:
            found.append(value)
        return found[::-1]

    def append(self, values: list[Any]) -> None:
        self._top(list).extend(values)

    def set_items(self, flat: list[Any]) -> None:
        self._top(dict).update(zip(map(_text, flat[::2]), flat[1::2], strict=True))

    def put(self, key: int | None) -> None:
        self._memo[len(self._memo) if key is None else key] = self._stack[-1]

    def new_dict(self, flat: list[Any]) -> None:
        self.push({})
        self.set_items(flat)

    def get(self, key: int) -> None:
        self.push(self._memo[key])

    def call(self) -> None:
        name, arguments = self.pop_some(2)
        if not isinstance(name, _Name):
            raise TypeError("calls what is no name")
        self.push(_CALLS[name.text](*arguments))

    def build(self) -> None:
        blank, state = self.pop_some(2)
        built = kind_from(blank, state) if isinstance(blank, Kind) else array_from(blank, state)
        self.push(built)
        # It was noted down while it was blank.
        self._memo = {key: built if value is blank else value for key, value in self._memo.items()}

    def _top(self, kind: type) -> Any:
        if not isinstance(self._stack[-1], kind):
            raise TypeError(f"{self._stack[-1]!r} is not a {kind.__name__}")
        return self._stack[-1]


def _text(key: object) -> str:
    # Python 2 wrote text as bytes; copies made by Python 3 keep them so.
    if isinstance(key, bytes):
        return key.decode("latin-1")
    if not isinstance(key, str):
        raise TypeError(f"the key {key!r} is not text")
    return key


def _name(text: str) -> _Name:
    if text not in _NAMES:
        raise ValueError(f"it names {text}, and what it names could be run")
    return _Name(text)


def _encode(text: str, encoding: str) -> bytes:
    if encoding not in ("latin1", "latin-1"):
        raise ValueError(f"bytes stored as {encoding}")
    return text.encode("latin-1")


def _blank(*_: object) -> Blank:
    return Blank()


_ARRAY: Final = "_reconstruct"
_CALLS: Final[Mapping[str, Callable[..., object]]] = {
    f"numpy.core.multiarray {_ARRAY}": _blank,
    f"numpy._core.multiarray {_ARRAY}": _blank,
    "numpy dtype": kind_of,
    "_codecs encode": _encode,
}
_NAMES: Final = frozenset({*_CALLS, "numpy ndarray"})

_LITERALS: Final = (
    "BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "BINFLOAT", "STRING", "BINSTRING",
    "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES",
    "SHORT_BINBYTES", "BINBYTES8",
)  # fmt: skip

_STEPS: Final[Mapping[str, Callable[[_Machine, Any], None]]] = {
    **dict.fromkeys(_LITERALS, lambda machine, argument: machine.push(argument)),
    **dict.fromkeys(("PROTO", "FRAME", "STOP"), lambda _machine, _argument: None),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), lambda machine, key: machine.put(key)),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda machine, key: machine.get(key)),
    "MARK": lambda machine, _: machine.push(_MARK),
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "DICT": lambda machine, _: machine.new_dict(machine.pop_to_mark()),
    "LIST": lambda machine, _: machine.push(machine.pop_to_mark()),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.pop_to_mark())),
    "TUPLE1": lambda machine, _: machine.push(machine.pop_some(1)),
    "TUPLE2": lambda machine, _: machine.push(machine.pop_some(2)),
    "TUPLE3": lambda machine, _: machine.push(machine.pop_some(3)),
    "APPEND": lambda machine, _: machine.append([machine.pop()]),
    "APPENDS": lambda machine, _: machine.append(machine.pop_to_mark()),
    "SETITEM": lambda machine, _: machine.set_items(list(machine.pop_some(2))),
    "SETITEMS": lambda machine, _: machine.set_items(machine.pop_to_mark()),
    "GLOBAL": lambda machine, text: machine.push(_name(text)),
    "STACK_GLOBAL": lambda machine, _: machine.push(_name(" ".join(machine.pop_some(2)))),
    "REDUCE": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.build(),
}
