"""The ``pipelines`` section: policies by the name of the plugin that serves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from recoup.config.structure import StructureProblems, structure
from recoup.config.wording import nearest, show, show_key
from recoup.errors import ConfigProblem, PluginError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recoup.discovery import PluginSource

PATH = "error_handling.pipelines"


def pipeline_policies(
    name: str, entries: Sequence[Mapping[str, Any]], sources: Mapping[str, PluginSource]
) -> tuple[Any, ...]:
    """Return the policy configurations of one pipeline, outermost first.

    Args:
        name: of the pipeline.
        entries: each one key, the plugin's name, with the policy's options below it, or nothing for its defaults.
        sources: where plugin classes come from, by name.

    Raises:
        StructureProblems: with every problem, each at its path.
    """
    policies, problems = [], []
    for index, entry in enumerate(entries):
        try:
            policies.append(_policy(entry, f"{PATH}.{show_key(name)}.{index}", sources))
        except StructureProblems as failure:
            problems.extend(failure.problems)
    if problems:
        raise StructureProblems(problems)
    return tuple(policies)


def pipeline_problems(section: Any, sources: Mapping[str, PluginSource]) -> Iterator[ConfigProblem]:
    """Yield what is wrong with the section, beyond its shape."""
    for name, entries in section.items() if isinstance(section, Mapping) else ():
        if not isinstance(entries, Sequence) or not all(isinstance(entry, Mapping) for entry in entries):
            continue
        try:
            pipeline_policies(str(name), entries, sources)
        except StructureProblems as failure:
            yield from failure.problems


def _policy(entry: Mapping[str, Any], path: str, sources: Mapping[str, PluginSource]) -> Any:
    if len(entry) != 1:
        raise _problem(path, f"names {len(entry)} policies; each has an entry of its own, such as `- retry: {{}}`")
    ((plugin, options),) = entry.items()
    source = sources.get(plugin)
    if source is None:
        name = str(plugin)
        raise _problem(path, f"no plugin named {show(name, sources)} is installed{nearest(name, sources)}")
    try:
        served = getattr(source.load(), "serves", ())
    except PluginError as failure:
        raise _problem(path, str(failure)) from None
    if not (isinstance(served, tuple) and served):
        raise _problem(path, f"the plugin {plugin} serves no policy; `recoup plugins list` shows which do")
    return structure(options or {}, served[0], f"{path}.{plugin}")


def _problem(path: str, message: str) -> StructureProblems:
    return StructureProblems([ConfigProblem(path, message)])
