"""The empty value of a function's return type."""

from __future__ import annotations

import collections
import functools
import typing
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, NewType, Optional, TypedDict, Union

import anyio.lowlevel
import pytest

from recoup_plugins.fallback.empty import empty_value

if TYPE_CHECKING:
    from somewhere import Order

Prices = NewType("Prices", dict[str, Decimal])
Orders = list["Order"]
MaybeOrders = Optional["Orders"]


class Candle(NamedTuple):
    low: Decimal


class Ticker(TypedDict):
    bid: Decimal


class Hints(TypedDict, total=False):
    bid: Decimal


class Book(list[Decimal]):
    pass


class Pair(list):
    def __init__(self, one, two):
        super().__init__([one, two])


class Filled(list):
    def __init__(self):
        super().__init__([1])


def returning(annotation):
    def function():
        raise NotImplementedError

    function.__annotations__["return"] = annotation
    return function


@pytest.mark.parametrize(
    ("annotation", "empty"),
    [
        (list, []),
        (list[int], []),
        (dict[str, int], {}),
        (set[int], set()),
        (frozenset, frozenset()),
        (str, ""),
        (bytes, b""),
        (bytearray, bytearray()),
        (tuple, ()),
        (tuple[int, ...], ()),
        (tuple[()], ()),
        (collections.deque[int], collections.deque()),
        (collections.Counter, collections.Counter()),
        (collections.OrderedDict, collections.OrderedDict()),
        (Sequence[int], []),
        (Iterable, []),
        (typing.List[int], []),  # noqa: UP006 - under test
        (typing.Mapping[str, int], {}),
        (Mapping[str, int], {}),
        (AbstractSet[str], set()),
        (Book, Book()),
        (Hints, {}),
        (Prices, {}),
        (Orders, []),
        (None, None),
        (Annotated[list[int], "sorted"], []),
        (Optional[list[int]], []),  # noqa: UP045 - under test
        (dict | None, {}),
        (None | dict, {}),
        (Union[int, list, dict], []),  # noqa: UP007 - under test
        (Decimal | None, None),
    ],
)
def test_evaluated_annotations(annotation, empty):
    value = empty_value(returning(annotation))

    assert value == empty
    assert type(value) is type(empty)


@pytest.mark.parametrize(
    ("annotation", "empty"),
    [
        ("list", []),
        ("list[Order]", []),
        ("dict[str, Order]", {}),
        ("'list[Order]'", []),
        ("None", None),
        ("Order | None", None),
        ("list[Order] | None", []),
        ("None | list[Order]", []),
        ("Optional[Order]", None),
        ("Optional[list[Order]]", []),
        ("typing.Optional[typing.Dict[str, Order]]", {}),
        ("Union[Order, set[Order]]", set()),
        ("Annotated[list[Order], 'sorted']", []),
        ("tuple[Order, ...]", ()),
        ("tuple[()]", ()),
        ("collections.deque[Order]", collections.deque()),
        ("MutableMapping[str, Order]", {}),
        ("Orders", []),
        ("MaybeOrders", []),
        ("Book", Book()),
        (" list [ int ] ", []),
    ],
)
def test_annotations_as_text_with_names_for_type_checkers_alone(annotation, empty):
    value = empty_value(returning(annotation))

    assert value == empty
    assert type(value) is type(empty)


def test_each_call_gets_a_new_one():
    function = returning(list)

    assert empty_value(function) is not empty_value(function)


def test_iterators_yield_nothing():
    assert list(empty_value(returning(Iterator[int]))) == []


@pytest.mark.anyio
async def test_async_iterators_yield_nothing():
    assert [item async for item in empty_value(returning(AsyncIterator[int]))] == []
    await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize(
    "annotation",
    [
        int,
        float,
        bool,
        Decimal,
        "Decimal",
        Any,
        object,
        "Order",
        "Frame",
        "pandas.DataFrame",
        "no annotation at all",
        "list[",
        "",
        "f()",
        "1",
        "(" * 200 + "list" + ")" * 150,
        "'" * 2 + "x" * 10_000,
        tuple[int, str],
        "tuple[int, str]",
        Candle,
        Ticker,
        Pair,
        Filled,
        [],
        ...,
    ],
)
def test_types_without_an_empty_value_are_refused(annotation):
    with pytest.raises(TypeError, match=r"return annotation of .*function names no type that has an empty value"):
        empty_value(returning(annotation))


def test_a_missing_annotation_is_refused_with_the_remedy():
    def fetch():
        raise NotImplementedError

    with pytest.raises(TypeError, match=r"of .*fetch is missing; annotate it .* or use RETURN_DEFAULT"):
        empty_value(fetch)


def test_deeply_nested_annotations_end():
    annotation = "Annotated[" * 50 + "list" + ", 'nested']" * 50

    with pytest.raises(TypeError, match="names no type"):
        empty_value(returning(annotation))


class Client:
    def fetch(self, symbol: str) -> list[Order]:
        raise NotImplementedError

    @classmethod
    def parse(cls) -> dict[str, Order]:
        raise NotImplementedError

    async def __call__(self) -> set[Order]:
        raise NotImplementedError


def test_methods_partials_and_callable_objects_are_looked_through():
    @functools.wraps(Client.fetch)
    def decorated(*args, **kwargs):
        raise NotImplementedError

    assert empty_value(Client().fetch) == []
    assert empty_value(Client.parse) == {}
    assert empty_value(Client()) == set()
    assert empty_value(functools.partial(functools.partial(Client().fetch, "BTC/USDT"))) == []
    assert empty_value(decorated) == []


def test_a_callable_without_a_name_is_refused_by_its_type():
    class Nameless:
        def __call__(self):
            raise NotImplementedError

    with pytest.raises(TypeError, match="Nameless"):
        empty_value(Nameless())
