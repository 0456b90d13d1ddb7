"""What a guard knows of a function before it is called."""

from __future__ import annotations

import functools
from typing import Any

from attrs import frozen

from recoup.operation import OperationKind, may_be_order


@frozen
class Subject:
    """A function, as far as its name tells. Immutable.

    Attributes:
        component: the function's module.
        name: its name, behind its class's.
        key: component and name in full, since functions of one name in different places are different calls.
        kind: what repeating it could do.
        may_be_order: whether its name leaves room for an order.
    """

    component: str
    name: str
    key: str
    kind: OperationKind
    may_be_order: bool

    @classmethod
    def of(cls, function: Any, component: str | None, name: str | None) -> Subject:
        """Read a function; ``component`` and ``name`` stand in for its own where they are given."""
        while isinstance(function, functools.partial):
            function = function.func
        own_name = getattr(function, "__qualname__", None) or type(function).__qualname__
        component = component or getattr(function, "__module__", None) or "application"
        return cls(
            component,
            name or own_name.rpartition("<locals>.")[2],
            f"{component}.{name or own_name}",
            OperationKind.from_name(own_name),
            may_be_order(own_name),
        )
