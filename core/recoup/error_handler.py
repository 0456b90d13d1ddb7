"""The seed's central error handler."""

from __future__ import annotations

import inspect
import os
from typing import TYPE_CHECKING, Any, Self

import anyio
from anyio import to_thread
from attrs import evolve

from recoup._current import current_handler
from recoup.classification import ErrorCategory, ErrorSeverity
from recoup.clock import Clock, SystemClock
from recoup.config.models import Config
from recoup.context import ErrorContext
from recoup.discovery import PluginSource, installed_plugins
from recoup.errors import ConfigError, HandlerStateError
from recoup.events import StateEvent
from recoup.exposure import Exposures
from recoup.guard import Guard
from recoup.halts import Halts
from recoup.handler_arguments import CONTEXT_FIELDS, check_arguments, check_orders, check_own_fields
from recoup.patterns import ErrorPattern, ErrorPatternCache
from recoup.pipeline.registry import PipelineRegistry
from recoup.policies import RetryConfig
from recoup.roles import CircuitStatus
from recoup.turn import running_loop
from recoup.venues import Venues

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from contextvars import Token
    from random import Random
    from types import TracebackType

    from anyio.from_thread import BlockingPortal

    from recoup.classification import Classification
    from recoup.dispatch.hooks import Hooks
    from recoup.escalation import Escalations
    from recoup.events import Event
    from recoup.exposure import Exposure, IntentId
    from recoup.intents import IntentFinding, ResumeReport
    from recoup.manager import PluginManager
    from recoup.operation import Operation
    from recoup.outcome import Outcome
    from recoup.reconciliation import Reconciliation

_POLICY_KEYS = ("max_attempts", "base_delay", "max_delay", "backoff_strategy", "exponential_base", "jitter")


def _new_random() -> Random:
    from random import Random  # noqa: PLC0415 - it loads hash functions

    return Random()  # noqa: S311 - jitter, not cryptography


class ErrorHandler:
    """Classifies, recovers and reports errors with whatever plugins are installed and enabled.

    Thread-safe and task-safe. It works as soon as it is made; entered as an async context manager it also starts its
    plugins, in the order of their names, becomes the current handler of the task, and on exit stops the plugins in
    reverse and lets them flush.

    Args:
        config: the configuration; the defaults if None.
        clock: where the time comes from.
        random: where chance comes from.
        plugins: plugin classes or plugins that come from no entry point, by name.
        discover: whether installed plugins are looked up through entry points.

    Attributes:
        config: the configuration.
        clock: where the time comes from.
        random: where chance comes from.
        patterns: the error patterns that ``analyze`` plugins found lately.
        pipelines: the pipelines of the configuration and those that the application defines, by name.
        venues: the ports of each venue, registered by the application.
        halts: where no new orders are taken.
        exposures: what orders of unknown outcome may have put at risk.

    Raises:
        ConfigError: the configuration does not fit the plugins.
        TypeError: ``config`` is no :class:`Config`, or ``plugins`` no mapping.
    """

    def __init__(
        self,
        config: Config | None = None,
        *,
        clock: Clock | None = None,
        random: Random | None = None,
        plugins: Mapping[str, Any] | None = None,
        discover: bool = True,
    ) -> None:
        check_arguments(config, plugins)
        self.config = config if config is not None else Config()
        self.clock: Clock = clock or SystemClock()
        self.random = random or _new_random()
        self.patterns = ErrorPatternCache(clock=self.clock)
        self.venues = Venues()
        self.halts = Halts(self.clock, self.publish)
        self.exposures = Exposures(self._exposure_changed)
        self._assemble()
        self._portal: BlockingPortal | None = None
        self._token: Token[ErrorHandler | None] | None = None
        self._is_closed = False
        self._load(plugins or {}, discover=discover)

    def _assemble(self) -> None:
        # A third of what recoup would cost at import; whoever only decorates pays it with the first call.
        from recoup.audience import Audience  # noqa: PLC0415
        from recoup.background import Background  # noqa: PLC0415
        from recoup.bare_verdicts import BareVerdicts  # noqa: PLC0415
        from recoup.lifecycle import Lifecycle  # noqa: PLC0415
        from recoup.manager import PluginManager  # noqa: PLC0415
        from recoup.processing import Processor  # noqa: PLC0415
        from recoup.publisher import Publisher  # noqa: PLC0415
        from recoup.synchronous import SyncBridge  # noqa: PLC0415

        section = self.config.error_handling
        self._plugins = PluginManager(self.config, self)
        self._publisher = Publisher(self.hooks, section.security.sanitization_level)
        self._processor = Processor(section, self.clock, self.hooks, self._publisher, self.patterns)
        self._bridge = SyncBridge()
        self._verdicts = BareVerdicts(self._plugins)
        self._audience = Audience(self._plugins)
        self._background = Background(lambda name, failure: self._plugins.report(name, "background", failure))
        self._lifecycle = Lifecycle(self._plugins, self.publish, self._processor.flush)

    def _load(self, plugins: Mapping[str, Any], *, discover: bool) -> None:
        classes = {name: item for name, item in plugins.items() if inspect.isclass(item)}
        sources = installed_plugins() if discover else {}
        sources |= {name: PluginSource.of_class(name, item) for name, item in plugins.items()}
        self._plugins.load(sources, {name: item for name, item in plugins.items() if name not in classes})
        self.pipelines = PipelineRegistry(self, self._configured_pipelines(sources))
        check_orders(self._plugins, self.pipelines)

    def _configured_pipelines(self, sources: Mapping[str, PluginSource]) -> dict[str, tuple[Any, ...]]:
        section = self.config.error_handling.pipelines
        if not section:
            return {}
        from recoup.config.pipelines import pipeline_policies  # noqa: PLC0415 - cattrs only where there is a section
        from recoup.config.structure import StructureProblems  # noqa: PLC0415 - as above

        try:
            return {name: pipeline_policies(name, entries, sources) for name, entries in section.items()}
        except StructureProblems as failure:
            raise ConfigError(failure.problems) from None

    @property
    def hooks(self) -> Hooks:
        """The six hooks, to be called by the application."""
        return self._plugins.hooks

    @property
    def plugins(self) -> PluginManager:
        """The plugins, with their status."""
        return self._plugins

    def classify_error(self, error: Exception) -> ErrorSeverity:
        """Return how bad an error is, as the ``classify`` hook says."""
        return self.hooks.classify(error, self._bare_context(error, "", "")).severity

    def create_error_context(self, error: Exception, component: str, operation: str, **kwargs: Any) -> ErrorContext:
        """Return a new context, classified, with a sanitized stack trace.

        Args:
            error: the exception.
            component: where in the application, such as ``"exchange"``.
            operation: what failed, such as ``"create_order"``.
            **kwargs: ``user_id``, ``bot_id``, ``symbol``, ``order_id``, ``recovery_attempts``,
                ``max_recovery_attempts``, ``call``; ``error_id``, ``timestamp`` (an aware datetime) and ``severity``,
                which wins over the classification's; and ``details``, a mapping; whatever else is given goes into
                ``details`` as well.

        Raises:
            TypeError: ``error_id``, ``timestamp`` or ``severity`` is of the wrong type.
        """
        fields = {name: kwargs.pop(name) for name in CONTEXT_FIELDS & kwargs.keys()}
        check_own_fields(fields)
        call = kwargs.pop("call", None)
        details = {**(kwargs.pop("details", None) or {}), **kwargs}
        context = self._bare_context(error, component, operation, details=details, call=call, **fields)
        classification = self.hooks.classify(error, context)
        if "severity" in fields:  # both carry it, so that whoever reads either is told the same
            classification = evolve(classification, severity=fields["severity"])
        context.classification = classification
        context.severity = classification.severity
        context.stack_trace = self._publisher.clean_trace(error)
        return context

    def classify(self, error: Exception, *, component: str, operation: str) -> Classification:
        """Return what the ``classify`` hook says of an error; from memory where its class tells all."""
        return self._verdicts.of(
            error, lambda: self.hooks.classify(error, self._bare_context(error, component, operation))
        )

    def class_tells_all(self, kind: type[Exception]) -> bool:
        """Say whether ``classify`` is known to answer the same for every bare error of exactly this class."""
        return self._verdicts.tells_all(kind)

    def hears(self, kind: str) -> bool:
        """Say whether any plugin listens to events of a kind, such as ``policy``."""
        return self._audience.hears(kind)

    def _bare_context(self, error: Exception, component: str, operation: str, **fields: Any) -> ErrorContext:
        defaults: dict[str, Any] = {
            "error_id": os.urandom(16).hex(),
            "timestamp": self.clock.now(),
            "severity": ErrorSeverity.MEDIUM,
            "max_recovery_attempts": self.config.error_handling.max_recovery_attempts,
        }
        return ErrorContext(
            component=component, operation=operation, error=error, sanitizer=self.hooks.sanitize, **(defaults | fields)
        )

    async def process(
        self, error: Exception, context: ErrorContext, recovery_strategy: Callable[..., Any] | Any | None = None
    ) -> Outcome:
        """Handle an error and return all that was decided.

        It waits for what a recovery itself does, such as looking an order up, but not for ``outcome.delay``: that is
        the caller's, who knows its deadline.

        Args:
            error: the exception.
            context: what is known of it.
            recovery_strategy: asked before the plugins: a :class:`RecoveryStrategy`, or a plain or coroutine function
                that is given as many of ``error`` and ``context`` as it takes. What it returns is the recovered
                value, False that it did not recover.

        Returns:
            The outcome. Failures of plugins or of the strategy never raise; they are events.
        """
        with self._plugins.generation:
            return await self._processor.process(error, context, recovery_strategy)

    async def handle_error(
        self, error: Exception, context: ErrorContext, recovery_strategy: Callable[..., Any] | Any | None = None
    ) -> bool:
        """Handle an error, and wait until the call may be repeated where it may.

        Args:
            error: the exception.
            context: what is known of it.
            recovery_strategy: as in :meth:`process`.

        Returns:
            True where the caller may go on: what was wanted is achieved, or the call may be made again now. False
            where the failure stands, or nobody knows whether the side effect happened: nothing may be sent again.
        """
        outcome = await self.process(error, context, recovery_strategy)
        if outcome.handled and outcome.delay > 0:
            await self.clock.sleep(outcome.delay)
        return outcome.handled

    async def handle_errors(self, errors: Iterable[tuple[Exception, ErrorContext]]) -> list[bool]:
        """Handle a batch concurrently; the answers of :meth:`handle_error` in the order given."""
        pairs = list(errors)
        answers = [False] * len(pairs)

        async def handle(index: int, error: Exception, context: ErrorContext) -> None:
            answers[index] = await self.handle_error(error, context)

        async with anyio.create_task_group() as group:
            for index, (error, context) in enumerate(pairs):
                group.start_soon(handle, index, error, context)
        return answers

    def process_sync(
        self, error: Exception, context: ErrorContext, recovery_strategy: Callable[..., Any] | Any | None = None
    ) -> Outcome:
        """As :meth:`process`, for synchronous code, with or without an event loop running in another thread.

        Where the handler was entered in an event loop, plugins run in that loop.

        Raises:
            HandlerStateError: called in the thread of a running event loop while a plugin is asynchronous.
        """
        compiled = self.hooks.compiled
        needs_loop = compiled.rate_limit.needs_loop or compiled.recover.needs_loop or recovery_strategy is not None
        return self._bridge.run(self.process, error, context, recovery_strategy, needs_loop=needs_loop)

    def handle_error_sync(
        self, error: Exception, context: ErrorContext, recovery_strategy: Callable[..., Any] | Any | None = None
    ) -> bool:
        """As :meth:`handle_error`, for synchronous code; waits by blocking the calling thread.

        Raises:
            HandlerStateError: called in the thread of a running event loop while a plugin is asynchronous.
        """
        outcome = self.process_sync(error, context, recovery_strategy)
        if outcome.handled:
            self.clock.sleep_sync(outcome.delay)
        return outcome.handled

    def get_retry_policy(self, error_type: str) -> dict[str, Any]:
        """Return the retry policy for an error type as a dictionary of :class:`RetryConfig`'s plain fields.

        Args:
            error_type: a name in ``retry_policies``, with or without its ``_errors``; or the name of a builtin
                exception class, whose category counts. Whatever has no policy of its own gets the one named
                ``default``, or else the defaults.
        """
        policies = self.config.error_handling.retry_policies
        names = [error_type, f"{error_type}_errors", error_type.removesuffix("_errors")]
        names += [f"{self._category_of(error_type).value}_errors", self._category_of(error_type).value, "default"]
        policy = next((policies[name] for name in names if name in policies), RetryConfig())
        return {key: getattr(policy, key) for key in _POLICY_KEYS}

    def _category_of(self, error_type: str) -> ErrorCategory:
        import builtins  # noqa: PLC0415 - used here alone

        found = getattr(builtins, error_type, None)
        if not (inspect.isclass(found) and issubclass(found, Exception)):
            return ErrorCategory.UNKNOWN
        try:
            example = found()
        except TypeError:
            return ErrorCategory.UNKNOWN
        return self.hooks.classify(example, self._bare_context(example, "", "")).category

    def get_circuit_breaker_status(self) -> dict[str, str]:
        """Return ``closed``, ``open`` or ``half_open`` for every circuit of every plugin that keeps some."""
        status: dict[str, str] = {}
        for name, keeper in self._plugins.with_role(CircuitStatus):
            try:
                status.update(keeper.circuit_breaker_status())
            except Exception as failure:  # noqa: BLE001 - a plugin's failure never changes the answer of the others
                self._plugins.report(name, "circuit_breaker_status", failure)
        return status

    def get_patterns(self) -> dict[str, ErrorPattern]:
        """Return the error patterns found lately, by their id."""
        return self.patterns.get_all_patterns()

    def publish(self, event: Event) -> None:
        """Sanitize an event's text and hand it to every ``monitor``. Never raises."""
        self._publisher.publish(event)

    def sanitize(self, payload: Any) -> Any:
        """Sanitize at the configured level; what no plugin can vouch for is withheld."""
        return self.hooks.sanitize(payload, self.config.error_handling.security.sanitization_level)

    async def call(self, function: Callable[..., Any], *args: Any, component: str, operation: Operation) -> Any:
        """Make a guarded call of a plain or coroutine function whose failures are nothing for a human.

        See :class:`Guard`.
        """
        guarded = Guard(operation=operation, component=component, handler=self, escalates=False)
        return await guarded.call(function, *args)

    def escalate(self, component: str, operation: str, reason: str, *, matter: str | None = None) -> None:
        """Publish an escalation of severity HIGH for something that a human has to look at.

        Args:
            component: where in the application.
            operation: what it is about.
            reason: one line; it is sanitized.
            matter: what tells it apart from others in the same place, such as an order's id; by default the reason.
        """
        self._processor.escalate(component, operation, reason, matter)

    @property
    def escalations(self) -> Escalations:
        """What a human was told and has not acknowledged."""
        return self._processor.escalations

    def wait_sync(self, awaitable: Awaitable[Any]) -> Any:
        """Wait for an awaitable from synchronous code, where the handler's plugins run.

        Raises:
            HandlerStateError: called in the thread of a running event loop, and there is something to wait for.
        """

        async def wait() -> Any:
            return await awaitable

        return self._bridge.run(wait, needs_loop=True)

    async def resume(self) -> ResumeReport:
        """Find out what became of every order that an earlier process left unresolved; to be called at the start.

        Until then, a journal with such orders refuses new ones with :class:`ResumeRequired`. What nobody can find out
        now stays unknown: it is escalated, its exposure stays reserved, and it is not sent again.

        Returns:
            What was found, by intent; empty where nothing was left.

        Raises:
            VenueNotRegistered: nobody said where to look some of them up; none was looked up.
        """
        from recoup.resumption import resume  # noqa: PLC0415 - once in the life of a process

        with self._plugins.generation:
            return await resume(self)

    def resume_sync(self) -> ResumeReport:
        """As :meth:`resume`, for synchronous code.

        Raises:
            HandlerStateError: called in the thread of a running event loop; nothing was looked up.
        """
        if running_loop() is not None:  # else lookups would go on there that nobody waits for
            raise HandlerStateError("resume_sync() can't wait in the thread of a running event loop: await resume()")
        return self._bridge.run(self.resume, needs_loop=True)

    def settle(self, intent: IntentId, finding: IntentFinding) -> None:
        """Tell every journal what became of an intent, and give its exposure back where that is known. Never raises."""
        from recoup.resumption import settle  # noqa: PLC0415 - only where something failed

        if finding.state.is_resolved:
            self.exposures.release(*intent)
        settle(self._plugins, intent, finding)

    async def reconcile(self, key: str) -> tuple[Reconciliation, ...]:
        """Hold what the application believes of a venue against what the venue says.

        Returns:
            What each plugin that can do so found, and did.
        """
        from recoup.reconcilers import reconcile  # noqa: PLC0415 - only after an outage, or where it is asked for

        return await reconcile(self._plugins, key)

    def spawn(self, name: str, function: Callable[..., Awaitable[Any]], *args: Any) -> bool:
        """Run a coroutine function beside the application, until the handler is closed.

        Returns:
            False where no event loop runs in this thread, the handler is closed, too much is under way, or the clock is
            a fake one that is moved by whoever sleeps: on such a clock nothing can wait beside the application.
        """
        if self._is_closed or getattr(self.clock, "auto_advance", False):
            return False
        return self._background.spawn(name, function, *args)

    def _exposure_changed(self, intent: IntentId, exposure: Exposure | None) -> None:
        old, new = ("free", "reserved") if exposure is not None else ("reserved", "free")
        detail = "" if exposure is None else f"{exposure.side} {exposure.amount} {exposure.symbol}"
        self.publish(StateEvent(subject=f"exposure:{intent[0]}:{intent[1]}", old=old, new=new, detail=detail))

    async def add_plugin(self, plugin: object, name: str) -> Any:
        """Register a plugin, or build one from its class, and start it where the handler is started.

        Returns:
            The plugin.

        Raises:
            InvalidPlugin: the name is taken, or its hooks don't fit the hookspecs.
        """
        built = self._plugins.register(plugin, name)
        await self._lifecycle.started(name, built)
        return built

    async def remove_plugin(self, name: str) -> Any:
        """Take a plugin out, wait until no call in flight uses it, and stop it.

        Returns:
            The plugin.

        Raises:
            UnknownPlugin: none is registered under that name.
        """
        plugin = self._plugins.unregister(name)
        await to_thread.run_sync(self._plugins.generation.wait_drained, abandon_on_cancel=True)
        await self._lifecycle.stopped(name, plugin)
        return plugin

    async def start(self) -> None:
        """Start the plugins, in the order of their names. One that fails is taken out, with an event.

        Raises:
            HandlerStateError: it is started already, or closed.
        """
        await self._lifecycle.start()

    async def close(self) -> None:
        """Stop the plugins in reverse; shielded from cancellation. Closing twice is harmless."""
        self._is_closed = True
        with anyio.CancelScope(shield=True):
            await self._background.close()
        await self._lifecycle.close()

    async def __aenter__(self) -> Self:
        from anyio.from_thread import BlockingPortal  # noqa: PLC0415 - a fifth of the import time of recoup

        await self.start()
        self._portal = BlockingPortal()
        await self._portal.__aenter__()
        self._bridge.attach(self._portal)
        self._token = current_handler.set(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._portal is None:
            raise HandlerStateError("the handler was not entered: use it as `async with handler:`")
        self._bridge.detach()
        try:
            if self._token is not None:
                current_handler.reset(self._token)
            # Not told of the error: a task group would wrap it in an exception group.
            await self._portal.__aexit__(None, None, None)
        finally:
            await self.close()
