"""Compile policies into one function for synchronous and one for asynchronous calls.

A function around a function costs more than what most policies do while all is well, so the policies are written out as
source, one ``try`` block each, the outermost first. A policy that acts on failures only, a :class:`Rescue`, costs
nothing but its ``try``, which is free since Python 3.11.
"""

from __future__ import annotations

import functools
import linecache
from collections import deque
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, Protocol

from attrs import field, frozen

from recoup.errors import RecoupError, Refused
from recoup.pipeline.signature import GENERIC, PREFIX, Signature
from recoup.pipeline.within import BEARER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import CodeType

    from recoup.roles import Policy

MOST_NESTED = 8
"""Policies written into one function: each nests two blocks, and CPython takes 20. Deeper ones get their own."""

MOST_SHOWN = 1024
"""Texts whose code is kept, and whose lines tracebacks show; the one compiled longest ago goes first."""

_shown: deque[str] = deque()

_ACQUIRE = """\
try:
    {_}permit{i} = {_}acquire{gate}({outer})
except {_}RecoupError:
    raise
except Exception as {_}failure:
    {_}report({i}, "acquire", {_}failure)
    {_}permit{i} = {_}FAILED
"""
_ACQUIRE_OR_WAIT = """\
try:
    {_}permit{i} = {_}acquire{gate}({outer})
    if {_}permit{i} is None:
        {_}permit{i} = {await_}{_}wait{gate}()
except {_}RecoupError:
    raise
except Exception as {_}failure:
    {_}report({i}, "acquire", {_}failure)
    {_}permit{i} = {_}FAILED
"""
_ACQUIRE_UNLESS_STANDING = """\
try:
    {_}permit{i} = {_}gate{gate}.standing
    if {_}permit{i} is None:
        {_}refused = {_}refuses{gate}()
        if {_}refused is None:
            {_}permit{i} = {_}acquire{gate}({outer})
except {_}RecoupError:
    raise
except Exception as {_}failure:
    {_}report({i}, "acquire", {_}failure)
    {_}permit{i} = {_}FAILED
if {_}permit{i} is None:
    raise {_}refusal{gate}({_}refused)
"""
_OUTER = "None if {_}permit{outer} is {_}FAILED else {_}permit{outer}"
_RELEASE = """\
if {_}permit{i} is not {_}FAILED:
    try:
        {told}
    except {_}RecoupError:
        raise
    except Exception as {_}failure:
        {_}report({i}, "release", {_}failure)
"""
_FAILED_WITH = "{_}release{gate}({_}permit{i}, {_}error)"
_SUCCEEDED = "{_}release{gate}({_}permit{i}, None)"
_SUCCEEDED_STANDING = "{_}permit{i}.note(0)"
_GATE = """\
{acquire}try:
{inner}except BaseException as {_}error:
{failed}    raise
{ended}"""
_RESCUE = """\
{_}rescuing{i} = None
try:
{inner}except Exception as {_}error:
    try:
{resumed}        {_}rescuing{i} = {_}begin{i}({_}error)
    except Exception as {_}failure:
        {_}report({i}, "begin", {_}failure)
    if {_}rescuing{i} is None:
        raise
if {_}rescuing{i} is not None:
    try:
        {_}result = {await_}{_}rescuing{i}.{run}({callee}, {positional}, {named})
    finally:
        {_}rescuing{i} = None
"""
_RESUME = """\
        if {_}permit{outer} is not {_}FAILED:
            {_}resume{outer}({_}permit{outer})
"""
_PASSED = """\
else:
    try:
        {_}passed{i}()
    except Exception as {_}failure:
        {_}report({i}, "passed", {_}failure)
"""
_WRAPPER = "{_}result = {await_}{_}call{i}({callee}, {positional}, {named})\n"
_ELSEWHERE = "{_}elsewhere({positional}, {named})"
_CALL = "{_}result = {await_}{_}function({forward})\n"
_CALL_WHAT_IT_MAY_BE = """\
{_}result = {_}function({forward})
if hasattr({_}result, "__await__"):
    {_}result = await {_}result
"""
_MARKED = """\
try:
{inner}except {_}Refused as {_}error:
    {_}error.from_within = True
    raise
"""


_NAMES: Final = {"RecoupError": RecoupError, "Refused": Refused, "FAILED": object(), "partial": functools.partial}


class Report(Protocol):
    """Where the failure of a policy is told that is not its answer."""

    def __call__(self, index: int, method: str, failure: Exception) -> object:
        """Take note of it."""
        ...


@frozen(eq=False)
class Plan:
    """What is compiled. Immutable.

    Attributes:
        policies: outermost first.
        is_async: whether coroutines are called.
        report: told of policies that fail, with their index.
        function: what is called in the end, or None where that comes as the first argument of every call.
        signature: of the compiled function, where ``function`` is given.
        is_repeatable: whether the call may be made again while nobody knows what it has done; otherwise a refusal that
            comes out of the function itself is marked, since it does not say that the call was not made.
        unless: expressions in terms of ``names``; where one is true, the call goes elsewhere.
        names: what they use, without the prefix of all compiled names.
        elsewhere: takes the positional arguments as a tuple and the keyword arguments as a dictionary.
        version: tells the names of compiled functions apart that have one dictionary as their globals.
    """

    policies: Sequence[Policy]
    is_async: bool
    report: Report
    function: Callable[..., Any] | None = None
    signature: Signature = GENERIC
    is_repeatable: bool = True
    unless: Sequence[str] = ()
    names: Mapping[str, Any] = field(factory=dict)
    elsewhere: Callable[..., Any] | None = None
    version: int = 0

    @property
    def prefix(self) -> str:
        """What begins the names of its policies."""
        return f"{PREFIX}{self.version}_"


def compile_plan(plan: Plan, names: dict[str, Any] | None = None) -> FunctionType:
    """Return the policies around a call as one function of the call's arguments.

    Where the plan has no function, the one to call comes first, before its arguments; an asynchronous pipeline then
    also takes plain functions, and awaits what they return if it can be awaited.

    Args:
        plan: what to compile.
        names: the dictionary that serves the function as its globals; by default a new one.
    """
    return _Writer(plan, {} if names is None else names).function(0, plan.signature, is_outermost=True)


class _Writer:
    """Writes the functions of one pipeline. Belongs to one compilation."""

    def __init__(self, plan: Plan, names: dict[str, Any]) -> None:
        self._plan = plan
        self._names = names
        self._first = 0
        self._prefix = plan.prefix
        self._fixed = {"_": plan.prefix, "await_": "await " if plan.is_async else ""}
        for name, value in {**_NAMES, **plan.names, "report": plan.report, "elsewhere": plan.elsewhere}.items():
            names[plan.prefix + name] = value
        if plan.function is not None:
            names[f"{plan.prefix}function"] = plan.function

    def function(self, first: int, signature: Signature, *, is_outermost: bool = False) -> FunctionType:
        """Compile the policies from the one with index ``first`` inwards."""
        around, self._first = self._first, first
        body = self._write(first, signature, MOST_NESTED)
        self._first = around
        if is_outermost and self._plan.unless:
            conditions = " or ".join(self._plan.unless)
            body = self._filled(f"if {conditions}:\n    return {{await_}}{_ELSEWHERE}\n", first, signature) + body
        parameters = signature.parameters
        if self._plan.function is None:
            parameters = f"{self._prefix}function, /, {parameters}"
        head = f"{'async ' if self._plan.is_async else ''}def call({parameters}):\n"
        return function_of(head + _indented(f"{body}return {self._prefix}result\n"), self._names, signature)

    def _write(self, index: int, signature: Signature, room: int) -> str:
        policies = self._plan.policies
        if index == len(policies):
            return self._innermost(index, signature)
        policy: Any = policies[index]
        if hasattr(policy, "begin"):
            return self._rescue(policy, index, signature, room)
        if not hasattr(policy, "acquire"):
            return self._wrapper(policy, index, signature)
        if room == 0:
            return self._filled(f"{{_}}result = {{await_}}{self._callee(index)}({{forward}})\n", index, signature)
        return self._gate(policy, index, signature, room)

    def _innermost(self, index: int, signature: Signature) -> str:
        may_be_plain = self._plan.is_async and self._plan.function is None
        call = self._filled(_CALL_WHAT_IT_MAY_BE if may_be_plain else _CALL, index, signature)
        return call if self._plan.is_repeatable else self._filled(_MARKED, index, signature, inner=_indented(call))

    def _gate(self, gate: Any, index: int, signature: Signature, room: int) -> str:
        outer = self._outer(index, index)
        label, handed = f"{index}", ""
        if outer is not None:
            gate = gate.within(self._plan.policies[outer])
            label, handed = f"{index}_within", _OUTER.format(_=self._prefix, outer=outer)
        self._names[f"{self._prefix}acquire{label}"] = gate.acquire
        acquire, succeeded = _ACQUIRE, _SUCCEEDED
        if hasattr(gate, "standing"):
            named = {"gate": gate, "refuses": gate.refuses, "refusal": gate.refusal}
            self._names |= {f"{self._prefix}{name}{label}": value for name, value in named.items()}
            acquire, succeeded = _ACQUIRE_UNLESS_STANDING, _SUCCEEDED_STANDING
        elif hasattr(gate, "wait"):
            self._names[f"{self._prefix}wait{label}"] = gate.wait if self._plan.is_async else gate.wait_sync
            acquire = _ACQUIRE_OR_WAIT
        acquired = self._filled(acquire, index, signature, gate=label, outer=handed)
        if not hasattr(gate, "release"):
            return acquired + self._write(index + 1, signature, room)
        self._names[f"{self._prefix}release{label}"] = gate.release
        if hasattr(gate, "within"):
            self._names[f"{self._prefix}resume{index}"] = gate.resume
        failed = _RELEASE.replace("{told}", _FAILED_WITH)
        ended = _RELEASE.replace("{told}", succeeded)
        return self._filled(
            _GATE,
            index,
            signature,
            acquire=acquired,
            failed=_indented(self._filled(failed, index, signature, gate=label)),
            ended=self._filled(ended, index, signature, gate=label),
            inner=_indented(self._write(index + 1, signature, room - 1)),
        )

    def _rescue(self, rescue: Any, index: int, signature: Signature, room: int) -> str:
        self._names[f"{self._prefix}begin{index}"] = rescue.begin
        within = (
            self._write(index + 1, signature, room - 1)
            if room
            else self._filled(f"{{_}}result = {{await_}}{self._callee(index + 1)}({{forward}})\n", index, signature)
        )
        run = "run_async" if self._plan.is_async else "run"
        template = _RESCUE
        if hasattr(rescue, "passed"):
            self._names[f"{self._prefix}passed{index}"] = rescue.passed
            template += _PASSED
        nested = [self._outer(inner, index) for inner in range(index + 1, len(self._plan.policies))]
        outers = {outer for outer in nested if outer is not None}
        return self._filled(
            template,
            index,
            signature,
            inner=_indented(within),
            callee=self._callee(index + 1),
            run=run,
            resumed="".join(_RESUME.format(_=self._prefix, outer=outer) for outer in sorted(outers)),
        )

    def _outer(self, index: int, before: int) -> int | None:
        """Return the innermost gate before another that stands around one of its own class in the same function."""
        kind = type(self._plan.policies[index])
        if not hasattr(kind, "within"):
            return None
        around = range(before - 1, self._first - 1, -1)
        return next((outer for outer in around if type(self._plan.policies[outer]) is kind), None)

    def _wrapper(self, wrapper: Any, index: int, signature: Signature) -> str:
        self._names[f"{self._prefix}call{index}"] = wrapper.call_async if self._plan.is_async else wrapper.call
        return self._filled(_WRAPPER, index, signature, callee=self._callee(index + 1))

    def _callee(self, index: int) -> str:
        """Compile what is within a policy as a function of its own, and return the expression for it."""
        is_last = index == len(self._plan.policies) and self._plan.is_repeatable
        if is_last and (self._plan.function is not None or not self._plan.is_async):
            return f"{self._prefix}function"
        name = f"{self._prefix}inner{index}"
        if name not in self._names:
            compiled = self._names[name] = self.function(index, GENERIC)
            setattr(compiled, BEARER, self._plan.function)
        return name if self._plan.function is not None else f"{self._prefix}partial({name}, {self._prefix}function)"

    def _filled(self, template: str, index: int, signature: Signature, **blocks: str) -> str:
        return template.format(
            i=index,
            forward=signature.forward,
            positional=signature.positional,
            named=signature.named,
            **self._fixed,
            **blocks,
        )


def stub(elsewhere: Callable[..., Any], signature: Signature, names: dict[str, Any], *, is_async: bool) -> FunctionType:
    """Return a function that only hands its arguments on, as a tuple and a dictionary, until its code is replaced."""
    names[f"{PREFIX}elsewhere"] = elsewhere
    head, body = ("async def", "return await") if is_async else ("def", "return")
    handed_on = _ELSEWHERE.format(_=PREFIX, positional=signature.positional, named=signature.named)
    return function_of(f"{head} call({signature.parameters}):\n    {body} {handed_on}\n", names, signature)


def function_of(text: str, names: dict[str, Any], signature: Signature) -> FunctionType:
    """Compile the text of one function, which then finds its names in a dictionary, and give it its defaults."""
    function = FunctionType(_code_of(text), names, "call", signature.defaults)
    function.__kwdefaults__ = signature.named_defaults
    return function


@functools.lru_cache(maxsize=MOST_SHOWN)
def _code_of(text: str) -> CodeType:
    # Named after its text, and known to linecache, so that a traceback shows its lines.
    place = f"<recoup pipeline {hash(text) & 0xFFFFFFFFFFFF:012x}>"
    scope: dict[str, Any] = {}
    # The text holds nothing but the templates above, numbers and the names of a function's parameters.
    exec(compile(text, place, "exec"), scope)  # noqa: S102
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
    _shown.append(place)
    if len(_shown) > MOST_SHOWN:
        linecache.cache.pop(_shown.popleft(), None)
    code: CodeType = scope["call"].__code__
    return code


def _indented(block: str) -> str:
    return "".join(f"    {line}" for line in block.splitlines(keepends=True))
