"""What makes two refusals alike, and how many there were."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup import FailureReason
from recoup_plugins.order_rejection import OrderRejectionConfig
from recoup_plugins.order_rejection.rejections import Fingerprint, Rejections, normalised

KEY, SYMBOL = "venue", "BTC/USDT"


class TestFingerprints:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Price 0.5 below 10", "price 0.75 below 2000.1"),
            ('{"code":-2010,"msg":"no"}', '{"code":-2011,"msg":"no"}'),
            ("order 7f3a9c-11 rejected", "order 0e1d22-9b rejected"),
        ],
    )
    def test_numbers_and_ids_make_no_difference(self, one, other):
        assert normalised(one) == normalised(other)

    def test_the_orders_own_id_and_market_make_none(self):
        reason = FailureReason.ORDER_REJECTED
        one = Fingerprint.of(ValueError("alpha on A/B: no"), reason, "alpha", "A/B")
        other = Fingerprint.of(ValueError("beta on C/D: no"), reason, "beta", "C/D")
        assert one == other

    @given(st.text(max_size=3000))
    def test_a_normal_form_is_one(self, message):
        once = normalised(message)
        assert normalised(once.replace("#", "0")) == once

    @given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=200))
    def test_tables_stay_within_their_bounds(self, refusals):
        rejections = Rejections(OrderRejectionConfig(max_markets=4, max_fingerprints=3))
        for market, text in refusals:
            rejections.count((KEY, str(market)), Fingerprint("E", FailureReason.OTHER, str(text)), 0.0)
            assert len(rejections) <= 12

    @given(
        st.lists(
            st.one_of(
                st.tuples(st.just("refused"), st.sampled_from("AB"), st.sampled_from("xyz")),
                st.tuples(st.just("taken"), st.sampled_from("AB")),
                st.tuples(st.just("wait"), st.integers(1, 6)),
            ),
            max_size=60,
        )
    )
    def test_it_counts_as_a_list_of_all_refusals_would(self, story):
        rejections = Rejections(OrderRejectionConfig(halt_after=3, window=10))
        now, log = 0, []
        for what, *rest in story:
            if what == "wait":
                now += rest[0]
            elif what == "taken":
                rejections.forget((KEY, rest[0]))
                log = [entry for entry in log if entry[1] != rest[0]]
            else:
                log.append((now, *rest))
                recent = [entry for entry in log if entry[1:] == tuple(rest) and now - entry[0] <= 10]
                too_many = len(recent) >= 3
                fingerprint = Fingerprint("E", FailureReason.OTHER, rest[1])
                assert rejections.count((KEY, rest[0]), fingerprint, now) is too_many
                if too_many:
                    log = [entry for entry in log if entry[1:] != tuple(rest)]

    def test_threads_count_together(self):
        rejections = Rejections(OrderRejectionConfig(halt_after=10))
        halts = []
        print_ = Fingerprint("E", FailureReason.OTHER, "")

        def work():
            halts.extend(rejections.count((KEY, SYMBOL), print_, 0.0) for _ in range(250))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(halts) == 100
