"""The error context: what it holds, what it shows, and that it shows nothing unsanitized."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from recoup import (
    Call,
    Classification,
    ErrorCategory,
    ErrorContext,
    ErrorSeverity,
    Operation,
    OperationKind,
    SanitizedError,
    SensitivityLevel,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SECRET = "sk_live_4242"


def redact(payload: Any, level: Any = None) -> Any:
    if isinstance(payload, dict):
        return {key: redact(value) for key, value in payload.items()}
    return payload.replace(SECRET, "*") if isinstance(payload, str) else payload


def make(sanitizer: Any = redact, error: Exception | None = None, **fields: Any) -> ErrorContext:
    error = error or ValueError(f"bad key {SECRET}")
    values: dict[str, Any] = {
        "user_id": SECRET,
        "bot_id": "bot",
        "symbol": "BTC/USDT",
        "order_id": f"o-{SECRET}",
        "details": {"key": SECRET, "nested": {"key": SECRET}},
        "stack_trace": f"/home/{SECRET}",
    }
    return ErrorContext(
        "e1", NOW, ErrorSeverity.HIGH, "exchange", "create_order", error, **(values | fields), sanitizer=sanitizer
    )


def withhold(payload: Any, level: Any = None) -> str:
    return "[WITHHELD]"


def test_it_has_the_fields_of_the_seed_in_its_order() -> None:
    names = [field.name for field in attrs.fields(ErrorContext)]
    assert names[:14] == [
        "error_id", "timestamp", "severity", "component", "operation", "error", "user_id", "bot_id", "symbol",
        "order_id", "details", "stack_trace", "recovery_attempts", "max_recovery_attempts",
    ]  # fmt: skip


def test_only_the_sensitive_form_holds_raw_values_and_the_exception() -> None:
    context = make()
    raw = context.to_dict(include_sensitive=True)
    assert raw["error"] is context.error
    assert raw["order_id"] == f"o-{SECRET}"
    clean = context.to_dict()
    assert SECRET not in repr(clean)
    assert (clean["error_type"], clean["error_message"]) == ("ValueError", "bad key *")
    assert (clean["timestamp"], clean["severity"]) == ("2026-01-02T00:00:00+00:00", "high")


def test_without_a_sanitizer_that_vouches_everything_the_application_wrote_is_withheld() -> None:
    clean = make(withhold).to_dict()
    assert SECRET not in repr(clean)
    assert clean["error_id"] == "e1"
    assert clean["component"] == clean["details"] == clean["error_message"] == "[WITHHELD]"
    legacy = make(withhold).to_legacy_format()
    assert SECRET not in repr(legacy)
    copy = make(withhold).sanitize()
    assert SECRET not in repr(attrs.asdict(copy, recurse=False))
    assert (copy.component, copy.details) == ("[WITHHELD]", {"details": None})


def test_a_context_without_a_sanitizer_asks_the_current_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    from recoup import ErrorHandler, ErrorHandlerFactory

    former = ErrorHandlerFactory.set_default(ErrorHandler(discover=False))
    try:
        assert make(None).to_dict()["user_id"] == "[WITHHELD]"
    finally:
        ErrorHandlerFactory.set_default(former)


def test_the_sanitized_copy_holds_nothing_raw_and_the_original_stays_as_it_is() -> None:
    context = make(call=Call())
    before = context.to_dict(include_sensitive=True)
    copy = context.sanitize("critical")
    assert SECRET not in repr(copy.to_dict(include_sensitive=True))
    assert SECRET not in repr((copy.error, copy.error.args, copy.error.__traceback__))
    assert isinstance(copy.error, SanitizedError)
    assert copy.call is None
    assert context.to_dict(include_sensitive=True) == before
    assert copy.details is not context.details


def test_the_sanitized_copy_still_says_what_the_error_was_however_often_it_is_sanitized() -> None:
    copy = make().sanitize().sanitize("LOW")
    assert (copy.to_dict()["error_type"], copy.to_dict()["error_message"]) == ("ValueError", "bad key *")


def test_the_level_is_passed_on_and_a_wrong_one_is_named() -> None:
    levels: list[Any] = []

    def note(payload: Any, level: Any) -> Any:
        levels.append(level)
        return payload

    make(note).sanitize("low")
    make(note).sanitize()
    assert levels == [SensitivityLevel.LOW, SensitivityLevel.MEDIUM]
    with pytest.raises(ValueError, match="valid: LOW, MEDIUM, HIGH, CRITICAL"):
        make().sanitize("extreme")


def test_the_legacy_format_is_flat_and_sanitized() -> None:
    legacy = make().to_legacy_format()
    assert list(legacy) == [
        "error_id", "timestamp", "severity", "component", "operation", "error_type", "error_message",
        "recovery_attempts", "context",
    ]  # fmt: skip
    assert legacy["context"]["symbol"] == "BTC/USDT"
    assert SECRET not in repr(legacy)


def test_repr_and_str_show_neither_ids_nor_details_nor_the_message() -> None:
    assert repr(make()) == str(make()) == "<ErrorContext e1 high exchange.create_order ValueError>"


def test_an_exception_that_can_not_be_printed_does_no_harm() -> None:
    class Hostile(Exception):
        def __str__(self) -> str:
            raise RuntimeError(SECRET)

    context = make(error=Hostile())
    assert context.to_dict()["error_message"] == "(no message: Hostile.__str__ raised RuntimeError)"


def test_the_kind_is_the_guards_word_or_else_inferred_from_the_operation() -> None:
    assert make().kind is OperationKind.SUBMIT
    assert make(call=Call(operation=Operation(kind=OperationKind.READ))).kind is OperationKind.READ


@pytest.mark.parametrize(("known", "kind", "again"), [
    (True, OperationKind.SUBMIT, True), (False, OperationKind.SUBMIT, False), (False, OperationKind.READ, True),
    (None, OperationKind.SUBMIT, False), (None, OperationKind.CANCEL, True),
])  # fmt: skip
def test_it_may_be_sent_again_if_nothing_happened_or_a_repetition_does_no_harm(
    known: bool | None, kind: OperationKind, again: bool
) -> None:
    classification = (
        None
        if known is None
        else Classification(
            severity=ErrorSeverity.LOW, category=ErrorCategory.NETWORK, retryable=True, outcome_known=known
        )
    )
    context = make(call=Call(operation=Operation(kind=kind)), classification=classification)
    assert context.may_send_again is again
