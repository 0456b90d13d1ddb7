"""Whatever the lookups answer: never twice, never lost."""

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recoup import Decision, FailureReason
from recoup_plugins.order_submission import OrderSubmission, OrderSubmissionConfig

SETTLE, UNPROTECTED = 3.0, 10.0
FOUND, ABSENT, FAILED = "found", "absent", "failed"

lookups = st.lists(
    st.tuples(st.sampled_from([FOUND, ABSENT, ABSENT, ABSENT, FAILED]), st.floats(0.0, 2.0)), min_size=1, max_size=40
)


class RecordingOrders:
    """Answers as told, each answer taking its time, and records what was answered when."""

    def __init__(self, clock, answers, rule):
        self.clock, self.answers, self.client_id_rule = clock, list(answers), rule
        self.log = []

    def find_order(self, client_order_id, symbol):
        answer, latency = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        asked = self.clock.monotonic()
        self.clock.advance(latency)
        self.log.append((answer, asked, self.clock.monotonic()))
        if answer == FAILED:
            raise ConnectionError
        return {"id": "1"} if answer == FOUND else None


def absent_for(log):
    """Return the seconds covered by the unbroken run of successful "not found" at the end of a log."""
    run = []
    for answer, asked, answered in reversed(log):
        if answer != ABSENT:
            break
        run.append((asked, answered))
    return run[0][0] - run[-1][1] if run else 0.0


@given(
    answers=lookups,
    rule=st.sampled_from(["forever", "open_only", "none"]),
    deadline=st.none() | st.floats(0.0, 60.0),
    spent=st.floats(0.0, 30.0),
    resends=st.integers(0, 4),
    known=st.booleans(),
    reason=st.sampled_from(
        [FailureReason.CONNECTION_LOST, FailureReason.DUPLICATE_ORDER, FailureReason.INSUFFICIENT_FUNDS]
    ),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_answers_follow_from_evidence(
    make_host, failed, backend, answers, rule, deadline, spent, resends, known, reason
):
    host = make_host()
    orders = RecordingOrders(host.clock, answers, rule)
    context = failed(orders, reason=reason, outcome_known=known, resends=resends, deadline=deadline)
    context.call.started = 0.0
    host.clock.advance(spent)
    plugin = OrderSubmission(OrderSubmissionConfig(settle_time=SETTLE), host)

    answer = anyio.run(plugin.recover, context.error, context, backend=backend)

    settle_time = SETTLE if rule == "forever" else UNPROTECTED
    found = any(kind == FOUND for kind, _, _ in orders.log)
    if not known or reason is FailureReason.DUPLICATE_ORDER:
        assert answer is not None, "an unknown outcome was left to plugins that might report it as a failure"
    if answer is None:
        assert known
        assert not found
        assert not orders.log or absent_for(orders.log) >= settle_time
        return
    assert answer.decision in {Decision.RECOVERED, Decision.RETRY, Decision.UNKNOWN}
    assert (answer.decision is Decision.RECOVERED) == found
    if answer.decision is Decision.RETRY:
        assert answer.verified
        assert not known
        assert reason is not FailureReason.DUPLICATE_ORDER
        assert resends < 3
        assert absent_for(orders.log) >= settle_time
        assert deadline is None or host.clock.monotonic() < deadline
    ended = {Decision.RECOVERED: "accepted", Decision.RETRY: "not_found", Decision.UNKNOWN: "unknown"}
    assert host.published[-1].new == ended[answer.decision]
