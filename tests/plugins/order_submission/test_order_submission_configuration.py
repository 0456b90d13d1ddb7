"""What can be set, and what is refused."""

import pytest
from attrs import evolve

from recoup import Call, ConfigError, ErrorHandler, Operation, OperationKind
from recoup.config.models import Config, ErrorHandlingConfig, PluginSettings
from recoup_plugins.order_submission import OrderSubmission, OrderSubmissionConfig
from recoup_plugins.order_submission.intents import SendState


def with_time_limit(seconds):
    return Config(error_handling=ErrorHandlingConfig(plugins={"order_submission": PluginSettings(time_limit=seconds)}))


@pytest.mark.parametrize("limit", [30.0, 600.0])
def test_a_time_limit_that_would_cut_verifications_off_is_refused(make_host, limit):
    with pytest.raises(ConfigError, match=r"order_submission\.time_limit.*verify_timeout"):
        OrderSubmission(OrderSubmissionConfig(), make_host(config=with_time_limit(limit)))


def test_the_handler_refuses_it_as_any_other_wrong_configuration():
    with pytest.raises(ConfigError, match=r"order_submission\.time_limit"):
        ErrorHandler(with_time_limit(30.0), plugins={"order_submission": OrderSubmission}, discover=False)


@pytest.mark.parametrize("limit", [None, 601.0])
def test_a_time_limit_beyond_the_verifications_is_taken(make_host, limit):
    OrderSubmission(OrderSubmissionConfig(), make_host(config=with_time_limit(limit)))


@pytest.mark.parametrize(
    "name",
    [
        "settle_time",
        "unprotected_settle_time",
        "duplicate_settle_time",
        "poll_interval",
        "max_pause",
        "verify_timeout",
        "max_lookups",
        "max_intents",
        "background_interval",
        "background_max_interval",
        "background_for",
        "max_background",
    ],
)
def test_nothing_is_zero_or_less(name):
    with pytest.raises(ValueError):
        evolve(OrderSubmissionConfig(), **{name: 0})


class TestStandIn:
    """A fallback's result is none: the order was refused, and may be sent anew."""

    @pytest.mark.parametrize("stood_in", [True, False])
    def test_does_not_count_as_accepted(self, make_plugin, make_orders, stood_in):
        plugin = make_plugin()
        operation = Operation(
            kind=OperationKind.SUBMIT, client_order_id="bot-1", key="venue:main", orders=make_orders()
        )
        call = Call(operation=operation, stood_in=stood_in)
        plugin.admit(call, "exchange")
        plugin.settle(call, "exchange", None)
        expected = None if stood_in else SendState.ACCEPTED
        assert plugin._book.intents.state(("venue:main", "bot-1")) is expected
