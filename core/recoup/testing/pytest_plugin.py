"""The pytest plugin: ``recoup_clock``, ``recoup_handler`` and ``check_plugin`` as fixtures."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from recoup.error_handler import ErrorHandler
    from recoup.testing.clock import FakeClock
    from recoup.testing.contracts import Check


@pytest.fixture
def recoup_clock() -> FakeClock:
    """A clock that moves only when told to; whoever sleeps on it goes on at once."""
    from recoup.testing.clock import FakeClock  # noqa: PLC0415 - a run that uses no fixture pays nothing

    return FakeClock()


@pytest.fixture
def recoup_handler(recoup_clock: FakeClock) -> Iterator[ErrorHandler]:
    """A handler with every installed plugin, on ``recoup_clock`` and seeded chance; the default one during the test."""
    from recoup.config.models import Config  # noqa: PLC0415 - as above
    from recoup.factory import ErrorHandlerFactory  # noqa: PLC0415 - as above

    handler = ErrorHandlerFactory.create_error_handler(Config(), clock=recoup_clock, random=Random(0))  # noqa: S311 - seeded
    former = ErrorHandlerFactory.set_default(handler)
    yield handler
    ErrorHandlerFactory.set_default(former)


@pytest.fixture
def check_plugin() -> Callable[..., list[Check]]:
    """:func:`recoup.testing.check_plugin`: the contract tests of every hook that a plugin implements."""
    from recoup.testing.contracts import check_plugin as check  # noqa: PLC0415 - as above

    return check
