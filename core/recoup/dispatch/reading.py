"""Reading a plugin's implementations, and saying clearly what is wrong with them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pluggy

from recoup import hookspecs
from recoup.dispatch.implementation import ASYNC_HOOKS, HOOKS, SYNC_HOOKS, Implementation
from recoup.errors import InvalidPlugin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ARGUMENTS = {hook: tuple(inspect.signature(getattr(hookspecs, hook)).parameters) for hook in HOOKS}
"""Each hook's arguments, in the order of its hookspec."""
_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def read_plugin(name: str, plugin: Any) -> list[Implementation]:
    """Check a plugin against the hookspecs and read its implementations.

    A pluggy manager of its own for each plugin keeps a failing validation from leaving anything half-registered.

    Raises:
        InvalidPlugin: with every misspelt hook and argument, or the first other fault.
    """
    checker = pluggy.PluginManager(hookspecs.PROJECT)
    checker.add_hookspecs(hookspecs)
    if faults := list(_faults(checker, plugin)):
        raise InvalidPlugin(name, "; ".join(faults))
    try:
        checker.register(plugin, name)
    except pluggy.PluginValidationError as failure:
        raise InvalidPlugin(name, str(failure)) from failure
    callers = [caller for caller in checker.get_hookcallers(plugin) or () if caller.name in HOOKS]
    return [_implementation(item, caller.name) for caller in callers for item in caller.get_hookimpls()]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?``, or a list of what is known."""
    import difflib  # noqa: PLC0415 - for error messages alone

    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(names) or 'none'}"


def _faults(checker: pluggy.PluginManager, plugin: Any) -> Iterator[str]:
    for name in dir(plugin):
        options = checker.parse_hookimpl_opts(plugin, name)
        if options is None:
            continue
        hook = options.get("specname") or name
        if hook in HOOKS:
            yield from _argument_faults(hook, getattr(plugin, name))
        elif not options.get("optionalhook"):
            yield f"there is no hook {hook!r}{did_you_mean(hook, HOOKS)}"


def _argument_faults(hook: str, function: Callable[..., Any]) -> Iterator[str]:
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in _BY_POSITION and parameter.name not in ARGUMENTS[hook]:
            yield f"{hook} has no argument {parameter.name!r}{did_you_mean(parameter.name, ARGUMENTS[hook])}"
        elif parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty:
            yield f"{hook} is called with positional arguments, but {parameter.name!r} is keyword-only"


def _implementation(hook_impl: pluggy.HookImpl, hook: str) -> Implementation:
    name, function = hook_impl.plugin_name, hook_impl.function
    is_async = inspect.iscoroutinefunction(function)
    is_generator = inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function)
    if hook_impl.hookwrapper:
        raise InvalidPlugin(name, f"{hook} is an old-style hookwrapper; use wrapper=True and return the result")
    if hook in SYNC_HOOKS and (is_async or inspect.isasyncgenfunction(function)):
        raise InvalidPlugin(name, f"{hook} is a synchronous hook; declare it with def, not async def")
    if hook in ASYNC_HOOKS and hook_impl.wrapper:
        raise InvalidPlugin(name, f"{hook} takes no wrappers, since it may be asynchronous; wrap a synchronous hook")
    if is_generator and not hook_impl.wrapper:
        raise InvalidPlugin(name, f"{hook} is a generator function, which gives no answer; return one instead of yield")
    return Implementation(
        plugin=name,
        hook=hook,
        function=function,
        arguments=tuple(hook_impl.argnames) + tuple(hook_impl.kwargnames),
        is_wrapper=hook_impl.wrapper,
        is_async=is_async,
        tier=(1 if hook_impl.trylast else 0) - (1 if hook_impl.tryfirst else 0),
    )
