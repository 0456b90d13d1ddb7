"""Fault plans: read from a dict, YAML or TOML, strictly."""

from __future__ import annotations

import difflib
import enum
import tomllib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Self

import attrs
import cattrs
import yaml
from attrs import evolve, field, frozen
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError
from cattrs.gen import make_dict_structure_fn, override

from recoup_sim.faults import Fault
from recoup_sim.kinds import KINDS
from recoup_sim.order_faults import Crash

_FILE_NAMES = {"start": "from", "duration": "for"}


class FaultPlanError(ValueError):
    """A fault plan that can't be read.

    Attributes:
        source: The file, or ``"fault plan"``.
        problems: Each problem with its path, the value and the remedy.
    """

    def __init__(self, source: str, problems: list[str]) -> None:
        super().__init__(f"{source}: " + "; ".join(problems))
        self.source = source
        self.problems = tuple(problems)


@frozen(kw_only=True)
class FaultPlan:
    """Which faults strike. A value, so safe to share between threads and tasks.

    Attributes:
        faults: In order of precedence: the first that hits an attempt is the one that strikes.
        seed: Decides every chance. The same seed gives each intent the same faults in every run.
    """

    faults: tuple[Fault, ...] = ()
    seed: int = field(default=7)

    def of_venue(self) -> Self:
        """Return the plan without what strikes the bot's own process."""
        return evolve(self, faults=tuple(fault for fault in self.faults if not isinstance(fault, Crash)))

    def of_bot(self) -> Self:
        """Return the plan with only what strikes the bot's own process."""
        return evolve(self, faults=tuple(fault for fault in self.faults if isinstance(fault, Crash)))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, source: str = "fault plan") -> Self:
        """Read a plan from plain data.

        Args:
            data: ``{"seed": int, "faults": [{"kind": ..., ...}, ...]}``; see the README for the kinds.
            source: What to call the data in errors.

        Raises:
            FaultPlanError: For an unknown key or kind, a wrong type or a value out of bounds; it names them all.
        """
        try:
            return _CONVERTER.structure(data, cls)
        except (ClassValidationError, IterableValidationError) as error:
            raise FaultPlanError(source, _problems(error, "")) from error
        except (TypeError, ValueError) as error:
            raise FaultPlanError(source, [str(error)]) from error

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read a plan from a ``.yaml``, ``.yml`` or ``.toml`` file.

        Raises:
            FaultPlanError: As :meth:`from_dict`, and for a file that isn't YAML or TOML.
            OSError: When the file can't be read.
        """
        path = Path(path)
        text = path.read_text(encoding="utf-8")
        try:
            if path.suffix == ".toml":
                data: Any = tomllib.loads(text)
            elif path.suffix in {".yaml", ".yml"}:
                data = yaml.safe_load(text)
            else:
                raise FaultPlanError(str(path), [f"unknown suffix {path.suffix!r}: use .yaml, .yml or .toml"])
        except (yaml.YAMLError, tomllib.TOMLDecodeError) as error:
            raise FaultPlanError(str(path), [f"not readable: {error}"]) from error
        return cls.from_dict(data, source=str(path))


def _strict(expected: type, accepted: tuple[type, ...] | None = None) -> Any:
    allowed = accepted or (expected,)

    def structure(value: Any, _: Any) -> Any:
        if type(value) not in allowed:
            raise TypeError(f"expected {expected.__name__}, got {value!r}")
        return expected(value)

    return structure


def _decimal(value: Any, _: Any) -> Decimal:
    if not isinstance(value, str):
        raise TypeError(f"expected a decimal number as text, got {value!r}: write it in quotes")
    try:
        return Decimal(value)
    except InvalidOperation:
        raise ValueError(f"expected a decimal number as text, got {value!r}") from None


def _choice(value: Any, kind: type[enum.Enum]) -> enum.Enum:
    choices = [member.value for member in kind]
    if isinstance(value, bool) or value not in choices:
        raise ValueError(f"expected one of {', '.join(map(str, choices))}, got {value!r}")
    return kind(value)


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"expected a table of keys and values, got {value!r}")
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"keys are text, got {key!r}")
    return value


def _fault(value: Any, _: Any) -> Fault:
    table = dict(_mapping(value))
    name = table.pop("kind", None)
    if not isinstance(name, str) or name not in KINDS:
        raise ValueError(f"kind: expected one of {', '.join(sorted(KINDS))}, got {name!r}{_nearest(name, KINDS)}")
    return _CONVERTER.structure(table, KINDS[name])


def _nearest(name: Any, known: Any) -> str:
    matches = difflib.get_close_matches(str(name), list(known), n=1)
    return f" (did you mean {matches[0]!r}?)" if matches else ""


def _file_names(kind: type) -> list[str]:
    return [_FILE_NAMES.get(attribute.name, attribute.name) for attribute in attrs.fields(kind)]


def _structure_list(value: Any, _: Any) -> tuple[Fault, ...]:
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"expected a list of faults, got {value!r}")
    return tuple(_CONVERTER.structure(list(value), list[Fault]))


def _structure_ordinals(value: Any, _: Any) -> tuple[int, ...]:
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"expected a list of order ordinals, got {value!r}")
    return tuple(_CONVERTER.structure(list(value), list[int]))


def _make_converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(int, _strict(int))
    converter.register_structure_hook(float, _strict(float, (int, float)))
    converter.register_structure_hook(bool, _strict(bool))
    converter.register_structure_hook(Decimal, _decimal)
    converter.register_structure_hook_func(lambda kind: isinstance(kind, type) and issubclass(kind, enum.Enum), _choice)
    converter.register_structure_hook_func(lambda kind: kind == tuple[Fault, ...], _structure_list)
    converter.register_structure_hook_func(lambda kind: kind == tuple[int, ...], _structure_ordinals)
    converter.register_structure_hook_func(lambda kind: kind is Fault, _fault)
    kinds: tuple[type[Any], ...] = (FaultPlan, *KINDS.values())
    for kind in kinds:
        attrs.resolve_types(kind)
        renames: dict[str, Any] = {
            attribute.name: override(rename=_FILE_NAMES[attribute.name])
            for attribute in attrs.fields(kind)
            if attribute.name in _FILE_NAMES
        }
        structure = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True, **renames)
        converter.register_structure_hook(kind, _checked(structure))
    return converter


def _checked(structure: Any) -> Any:
    def hook(value: Any, kind: Any) -> Any:
        return structure(_mapping(value), kind)

    return hook


def _problems(error: BaseException, path: str) -> list[str]:
    if isinstance(error, IterableValidationError):
        noted, plain = error.group_exceptions()
        return [
            *(problem for child, note in noted for problem in _problems(child, f"{path}[{note.index}]")),
            *(problem for child in plain for problem in _problems(child, path)),
        ]
    if isinstance(error, ClassValidationError):
        fields, others = error.group_exceptions()
        problems = []
        for child, note in fields:
            name = _FILE_NAMES.get(note.name, note.name)
            problems += _problems(child, f"{path}.{name}" if path else name)
        return [*problems, *(problem for child in others for problem in _problems(child, path))]
    prefix = f"{path}: " if path else ""
    if isinstance(error, ForbiddenExtraKeysError):
        known = _file_names(error.cl)
        return [f"{prefix}unknown key {key!r}{_nearest(key, known)}" for key in sorted(error.extra_fields)]
    if isinstance(error, KeyError):
        name = _FILE_NAMES.get(str(error.args[0]), str(error.args[0]))
        return [f"{prefix}missing key {name!r}"]
    return [f"{prefix}{error}"]


_CONVERTER = _make_converter()
