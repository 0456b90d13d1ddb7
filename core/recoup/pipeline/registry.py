"""The pipelines of one handler, by name."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from recoup.errors import PolicyUnavailable
from recoup.pipeline.order import check_order
from recoup.pipeline.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from recoup.error_handler import ErrorHandler
    from recoup.operation import Operation
    from recoup.policies import PolicyConfig


class PipelineRegistry:
    """Pipelines by name: those of the configuration, and those that the application defines. Thread-safe.

    A pipeline that is defined again stays the same object, so that whatever it decorates goes on with the new policies
    from the next call on. Circuits, limits and budgets are kept by the plugins under the pipeline's name, so that they
    are not lost.

    Args:
        handler: whose plugins serve the policies.
        configured: policies by the name of their pipeline.
    """

    def __init__(self, handler: ErrorHandler, configured: Mapping[str, tuple[PolicyConfig, ...]]) -> None:
        self._handler = handler
        self._lock = threading.Lock()
        self._pipelines = {
            name: Pipeline(*policies, name=name, handler=handler) for name, policies in configured.items()
        }

    def __getitem__(self, name: str) -> Pipeline:
        """Return a pipeline.

        Raises:
            PolicyUnavailable: there is none of that name.
        """
        pipeline = self._pipelines.get(name)
        if pipeline is None:
            names = ", ".join(sorted(self._pipelines)) or "none"
            raise PolicyUnavailable(f"no pipeline is named {name!r}; defined: {names}")
        return pipeline

    def names(self) -> list[str]:
        """Return the names of all pipelines, sorted."""
        with self._lock:
            return sorted(self._pipelines)

    def define(
        self,
        name: str,
        *policies: PolicyConfig,
        operation: Operation | Callable[..., Operation] | None = None,
    ) -> Pipeline:
        """Define a pipeline, or give one that exists other policies.

        Args:
            name: what its circuits and limits are kept for.
            *policies: outermost first.
            operation: what its calls do; None leaves what a pipeline that exists says of it.

        Raises:
            PolicyMisuse: they make no sense in this order; nothing has changed then.
            PolicyUnavailable: no enabled plugin serves one of them; as above.
        """
        check_order(self._handler.plugins, policies)
        with self._lock:
            pipeline = self._pipelines.get(name)
            if pipeline is None:
                pipeline = Pipeline(*policies, name=name, operation=operation, handler=self._handler)
                self._pipelines[name] = pipeline
                return pipeline
        pipeline.reconfigure(*policies, operation=operation)
        return pipeline
