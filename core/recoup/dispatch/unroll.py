"""Compile the synchronous hooks into straight-line functions.

A loop over implementations, or pluggy's own call, costs several times what the implementations themselves do. Each
hook is therefore written out as source, one ``try`` block an implementation, and compiled whenever plugins change.
A failing implementation is reported and never changes the answer of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recoup.classification import Classification
from recoup.context import WITHHELD
from recoup.patterns import ErrorPattern

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from recoup.dispatch.implementation import FailureSink, Implementation

_CLASSIFY = """\
    try:
        answer = call{i}({arguments})
    except Exception as failure:
        failed(implementation{i}, "raised", failure)
    else:
        if answer.__class__ is Classification:
            return answer
        if answer is not None:
            failed(implementation{i}, "wrong_type", answer)
"""
_SANITIZE = """\
    try:
        answer = call{i}({arguments})
    except Exception as failure:
        failed(implementation{i}, "raised", failure)
        return WITHHELD
    if answer is not None:
        if keeps_type(payload, answer):
            return answer
        failed(implementation{i}, "wrong_type", answer)
        return WITHHELD
"""
_ANALYZE = """\
    try:
        answer = call{i}({arguments})
        if answer:
            if not are_patterns(answer):
                failed(implementation{i}, "wrong_type", answer)
            else:
                found.extend(answer)
    except Exception as failure:
        failed(implementation{i}, "raised", failure)
"""
_MONITOR = """\
    try:
        answer = call{i}({arguments})
        if answer is not None and hasattr(answer, "__await__"):
            failed(implementation{i}, "wrong_type", answer)
    except Exception as failure:
        failed(implementation{i}, "raised", failure)
"""
_TEMPLATES = {
    "classify": ("def classify(error, context):\n", _CLASSIFY, "    return None\n"),
    "sanitize": ("def sanitize(payload, level):\n", _SANITIZE, "    return WITHHELD\n"),
    "analyze": ("def analyze(event):\n    found = []\n", _ANALYZE, "    return found\n"),
    "monitor": ("def monitor(event):\n", _MONITOR, "    return None\n"),
}


def keeps_type(payload: Any, answer: Any) -> bool:
    """Say whether a sanitized answer is of a type that may stand in for its payload."""
    if isinstance(payload, str):
        return isinstance(answer, str)
    if isinstance(payload, dict):
        return isinstance(answer, dict)
    if isinstance(payload, list | tuple):
        return isinstance(answer, list | tuple)
    return True


def are_patterns(answer: Any) -> bool:
    """Say whether ``analyze`` answered as its hookspec says."""
    return isinstance(answer, (list, tuple)) and all(isinstance(item, ErrorPattern) for item in answer)


def unroll(hook: str, implementations: Sequence[Implementation], failed: FailureSink) -> Callable[..., Any]:
    """Return the hook as one function of its arguments in the hookspec's order.

    Args:
        hook: one of the synchronous hooks.
        implementations: in the order of the calls, wrappers among them.
        failed: where failures are reported.
    """
    plain = [item for item in implementations if not item.is_wrapper]
    wrappers = [item for item in implementations if item.is_wrapper]
    head, block, tail = _TEMPLATES[hook]
    names: dict[str, Any] = {
        "failed": failed,
        "Classification": Classification,
        "WITHHELD": WITHHELD,
        "keeps_type": keeps_type,
        "are_patterns": are_patterns,
    }
    body = []
    for i, item in enumerate(plain):
        names[f"call{i}"] = item.function
        names[f"implementation{i}"] = item
        body.append(block.format(i=i, arguments=", ".join(item.arguments)))
    # The text holds nothing but the templates above and argument names that pluggy checked against the hookspec.
    exec(compile(head + "".join(body) + tail, f"<recoup hook {hook}>", "exec"), names)  # noqa: S102
    function: Callable[..., Any] = names[hook]
    return _wrap(hook, function, wrappers, failed) if wrappers else function


def _wrap(
    hook: str, inner: Callable[..., Any], wrappers: Sequence[Implementation], failed: FailureSink
) -> Callable[..., Any]:
    parameters = inner.__code__.co_varnames[: inner.__code__.co_argcount]

    def call(*values: Any) -> Any:
        arguments = dict(zip(parameters, values, strict=True))
        broken = False
        opened = []
        try:
            for wrapper in wrappers:
                generator = _open(wrapper, arguments, failed)
                if generator is None:
                    broken = True
                else:
                    opened.append((wrapper, generator))
            result = inner(*values)
            while opened:
                wrapper, generator = opened.pop()
                fine, result = _close(wrapper, generator, result, values[0], failed)
                broken = broken or not fine
        finally:
            for wrapper, generator in reversed(opened):
                _abandon(wrapper, generator, failed)
        return WITHHELD if broken and hook == "sanitize" else result

    return call


def _open(wrapper: Implementation, arguments: dict[str, Any], failed: FailureSink) -> Any:
    try:
        generator = wrapper.function(*(arguments[name] for name in wrapper.arguments))
        next(generator)
    except StopIteration:
        failed(wrapper, "wrong_type", "a wrapper that did not yield")
    except Exception as failure:  # noqa: BLE001 - a plugin's failure never changes the answer of the others
        failed(wrapper, "raised", failure)
    else:
        return generator
    return None


def _close(wrapper: Implementation, generator: Any, result: Any, payload: Any, failed: FailureSink) -> tuple[bool, Any]:
    try:
        generator.send(result)
    except StopIteration as stop:
        if _fits(wrapper.hook, stop.value, payload):
            return True, stop.value
        failed(wrapper, "wrong_type", stop.value)
    except Exception as failure:  # noqa: BLE001 - a plugin's failure never changes the answer of the others
        failed(wrapper, "raised", failure)
    else:
        failed(wrapper, "wrong_type", "a wrapper that yielded twice")
        _abandon(wrapper, generator, failed)
    return False, result


def _abandon(wrapper: Implementation, generator: Any, failed: FailureSink) -> None:
    """Close a generator that is not run to its end, so that its ``finally`` blocks run."""
    try:
        generator.close()
    except Exception as failure:  # noqa: BLE001 - it must not hide the reason for which it is closed
        failed(wrapper, "raised", failure)


def _fits(hook: str, answer: Any, payload: Any) -> bool:
    if hook == "classify":
        return answer is None or isinstance(answer, Classification)
    if hook == "sanitize":
        return answer is not None and keeps_type(payload, answer)
    if hook == "analyze":
        return are_patterns(answer)
    return True
