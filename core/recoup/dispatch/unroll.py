"""Compile the synchronous hooks into straight-line functions.

A loop over implementations, or pluggy's own call, costs several times what the implementations themselves do. Each
hook is therefore written out as source, one ``try`` block an implementation, and compiled whenever plugins change.
A failing implementation is reported and never changes the answer of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recoup.classification import UNCLASSIFIED, Classification, SensitivityLevel
from recoup.context import WITHHELD
from recoup.dispatch.reading import ARGUMENTS
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
_HEADS = {
    "classify": "def classify(error, context):\n",
    "sanitize": """\
def sanitize(payload, level=SensitivityLevel.MEDIUM):
    if payload is None:
        return None
    if level.__class__ is not SensitivityLevel:
        level = SensitivityLevel(level)
""",
    "analyze": "def analyze(event):\n    found = []\n",
    "monitor": "def monitor(event):\n",
}
_BLOCKS = {"classify": _CLASSIFY, "sanitize": _SANITIZE, "analyze": _ANALYZE, "monitor": _MONITOR}
_TAILS = {
    "classify": "    return UNCLASSIFIED\n",
    "sanitize": "    return WITHHELD\n",
    "analyze": "    return found\n",
    "monitor": "    return None\n",
}
_NAMES: dict[str, Any] = {
    "UNCLASSIFIED": UNCLASSIFIED,
    "WITHHELD": WITHHELD,
    "Classification": Classification,
    "SensitivityLevel": SensitivityLevel,
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
    """Return the hook as one function of its arguments, with what :class:`recoup.dispatch.hooks.Hooks` promises.

    Args:
        hook: one of the synchronous hooks.
        implementations: in the order of the calls, wrappers among them.
        failed: where failures are reported.
    """
    plain = [item for item in implementations if not item.is_wrapper]
    wrappers = [item for item in implementations if item.is_wrapper]
    names: dict[str, Any] = {"failed": failed, "keeps_type": keeps_type, "are_patterns": are_patterns}
    blocks = []
    for i, item in enumerate(plain):
        names[f"call{i}"] = item.function
        names[f"implementation{i}"] = item
        blocks.append(_BLOCKS[hook].format(i=i, arguments=", ".join(item.arguments)))
    function = _compile(hook, "".join(blocks) + _TAILS[hook], names)
    if not wrappers:
        return function
    arguments = ", ".join(ARGUMENTS[hook])
    return _compile(hook, f"    return wrapped({arguments})\n", {"wrapped": _wrap(hook, function, wrappers, failed)})


def positional(implementation: Implementation) -> Callable[..., Any]:
    """Return the implementation as a function of all arguments of its hook, in the hookspec's order."""
    arguments = ARGUMENTS[implementation.hook]
    if implementation.arguments == arguments:
        return implementation.function
    source = f"lambda {', '.join(arguments)}: call({', '.join(implementation.arguments)})"
    adapted: Callable[..., Any] = eval(source, {"call": implementation.function})  # noqa: S307 - names as checked
    return adapted


def _compile(hook: str, body: str, names: dict[str, Any]) -> Callable[..., Any]:
    scope = _NAMES | names
    # The text holds nothing but the templates above and argument names that were checked against the hookspec.
    exec(compile(_HEADS[hook] + body, f"<recoup hook {hook}>", "exec"), scope)  # noqa: S102
    function: Callable[..., Any] = scope[hook]
    return function


def _wrap(
    hook: str, inner: Callable[..., Any], wrappers: Sequence[Implementation], failed: FailureSink
) -> Callable[..., Any]:
    def call(*values: Any) -> Any:
        arguments = dict(zip(ARGUMENTS[hook], values, strict=True))
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
        return isinstance(answer, Classification)
    if hook == "sanitize":
        return answer is not None and keeps_type(payload, answer)
    if hook == "analyze":
        return are_patterns(answer)
    return True
