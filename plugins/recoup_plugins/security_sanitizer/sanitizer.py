"""The sanitizer itself: what an application calls."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Any, Final

from recoup_plugins.security_sanitizer.config import SanitizerConfig
from recoup_plugins.security_sanitizer.levels import Level, parse_level
from recoup_plugins.security_sanitizer.named import NamedKeys
from recoup_plugins.security_sanitizer.placeholders import Placeholders
from recoup_plugins.security_sanitizer.registered import RegisteredValues
from recoup_plugins.security_sanitizer.rule import Rule
from recoup_plugins.security_sanitizer.rules_accounts import ACCOUNT_RULES
from recoup_plugins.security_sanitizer.rules_credentials import CREDENTIAL_RULES
from recoup_plugins.security_sanitizer.rules_network import NETWORK_RULES
from recoup_plugins.security_sanitizer.rules_personal import PERSONAL_RULES
from recoup_plugins.security_sanitizer.rules_trading import CRITICAL_RULES
from recoup_plugins.security_sanitizer.rules_wallets import WALLET_RULES
from recoup_plugins.security_sanitizer.rulings import Rulings
from recoup_plugins.security_sanitizer.structure import Walk
from recoup_plugins.security_sanitizer.text import TextSanitizer

DEFAULT_RULES: Final[tuple[Rule, ...]] = (
    *CREDENTIAL_RULES,
    *WALLET_RULES,
    *PERSONAL_RULES,
    *NETWORK_RULES,
    *ACCOUNT_RULES,
    *CRITICAL_RULES,
)
"""Every rule that finds secrets by shape, in the order in which they are tried."""

_OTHER_RULES: Final = ("assignment", "pem", "seed_phrase")


class SecurityDataSanitizer:
    """Hides secrets and personal and financial data in payloads of any shape, at four levels.

    Never changes its input. Bounded in depth, items and characters; what is cut is named in the result. Thread-safe
    and task-safe: one instance serves a whole application.

    Args:
        config: registered values, rules and names of the deployment's own, rules that stay off, and bounds. Beside the
            names in ``rules``, ``off_rules`` may hold ``assignment`` (sensitive names in running text), ``pem`` and
            ``seed_phrase``.
        rules: the rules that find secrets by shape; those of the config come before them or replace them.

    Raises:
        ValueError: ``off_rules`` names no rule, a name is both hidden and allowed, or a secret is too short to be told
            from ordinary text.
    """

    __slots__ = ("_config", "_registered", "_rulings", "_text")

    def __init__(
        self,
        *,
        config: SanitizerConfig | None = None,
        rules: Collection[Rule] = DEFAULT_RULES,
    ) -> None:
        config = config or SanitizerConfig()
        rules = _with_own(rules, config)
        _check_off(config.off_rules, [*(rule.name for rule in rules), *_OTHER_RULES])
        keys = NamedKeys(config.names, config.allow)
        placeholders = Placeholders(config.pseudonym_kinds if config.pseudonyms else (), config.pseudonym_key)
        self._registered = RegisteredValues(partial(placeholders.of, "SECRET"))
        self._text = TextSanitizer(
            rules, keys, self._registered, frozenset(config.off_rules), placeholders=placeholders
        )
        self._rulings = {level: Rulings(keys, level) for level in Level}
        self._config = config
        for secret in config.secrets:
            self._registered.add(secret)

    def register_secret(self, value: str | bytes) -> None:
        """Remove a value from now on wherever it turns up, also URL-, JSON-, HTML-, hex- and base64-encoded.

        Raises:
            TypeError: the value is neither str nor bytes.
            ValueError: it is shorter than 4 characters, or 1,024 values are registered already.
        """
        self._registered.add(value)
        self._text.forget()

    def sanitize_error_context(self, context: dict[str, Any], sensitivity_level: str = "MEDIUM") -> dict[str, Any]:
        """Return a sanitized copy of an error context.

        Raises:
            TypeError: the context is no mapping.
            UnknownLevelError: the level is none of LOW, MEDIUM, HIGH and CRITICAL.
        """
        if not isinstance(context, Mapping):
            raise TypeError(f"context: expected a mapping, got {type(context).__name__}")
        sanitized = self.sanitize(context, sensitivity_level)
        return sanitized if isinstance(sanitized, dict) else {"context": sanitized}

    def sanitize_stack_trace(self, stack_trace: str, sensitivity_level: str = "MEDIUM") -> str:
        """Return a sanitized stack trace; its lines stay lines.

        Raises:
            TypeError: the stack trace is no text.
            UnknownLevelError: the level is none of LOW, MEDIUM, HIGH and CRITICAL.
        """
        return self._walk(sensitivity_level).trace(_text("stack_trace", stack_trace))

    def sanitize_text(self, text: str, sensitivity_level: str = "MEDIUM") -> str:
        r"""Return sanitized text on one line: line feeds are written as ``\n``, other control characters removed.

        Raises:
            TypeError: the text is no text.
            UnknownLevelError: the level is none of LOW, MEDIUM, HIGH and CRITICAL.
        """
        return self._walk(sensitivity_level).text(_text("text", text))

    def sanitize(self, payload: Any, sensitivity_level: str = "MEDIUM") -> Any:
        """Return a sanitized copy of any payload; shapes and types stay where they can be kept.

        Objects become mappings of their fields (attrs, dataclasses, exceptions) or their sanitized ``repr``.

        Raises:
            UnknownLevelError: the level is none of LOW, MEDIUM, HIGH and CRITICAL.
        """
        return self._walk(sensitivity_level).payload(payload)

    def _walk(self, sensitivity_level: object) -> Walk:
        level = parse_level(sensitivity_level)
        return Walk(self._text, self._rulings[level], self._registered, self._config, level)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected str, got {type(value).__name__}")
    return value if type(value) is str else str.__str__(value)


def _with_own(rules: Collection[Rule], config: SanitizerConfig) -> tuple[Rule, ...]:
    """Return the rules with those of the config: in the place of what they replace, else before all others."""
    own = {
        given.name: Rule(
            name=given.name,
            kind=given.kind,
            level=parse_level(given.level),
            pattern=given.pattern,
            literals=given.literals,
            group=given.group,
        )
        for given in config.rules
    }
    if reserved := sorted(own.keys() & set(_OTHER_RULES)):
        raise ValueError(
            f"rules: {reserved[0]!r} is no pattern and can't be replaced; give the rule another name, "
            f"and put {reserved[0]!r} into off_rules if it shall not run"
        )
    built_in = {rule.name for rule in rules}
    added = (rule for name, rule in own.items() if name not in built_in)
    return (*added, *(own.get(rule.name, rule) for rule in rules))


def _check_off(off: Collection[str], known: Collection[str]) -> None:
    for name in off:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(sorted(known))}"
            raise ValueError(f"off_rules: there is no rule {name!r}; {hint}")
