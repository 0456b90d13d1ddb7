"""States by key: one for each, kept while anything uses it."""

from __future__ import annotations

import gc
import threading

from recoup import KeyedStates


class State:
    pass


class TestKeyedStates:
    def test_one_for_each_key(self):
        states = KeyedStates(max_kept=10)
        assert states.obtain("a", State) is states.obtain("a", State)
        assert states.obtain("a", State) is not states.obtain("b", State)
        assert states.find("b") is states.obtain("b", State)
        assert states.find("c") is None

    def test_what_nothing_uses_is_dropped_beyond_the_bound(self):
        states = KeyedStates(max_kept=2)
        for key in "abcd":
            states.obtain(key, State)
        gc.collect()
        assert sorted(states.snapshot()) == ["c", "d"]

    def test_what_is_used_is_never_lost(self):
        states = KeyedStates(max_kept=1)
        used = states.obtain("a", State)
        for key in "bcd":
            states.obtain(key, State)
        assert states.obtain("a", State) is used

    def test_asked_for_by_many_threads_at_once_it_is_made_once(self):
        for _ in range(50):
            states, start, got = KeyedStates(max_kept=10), threading.Barrier(4), []

            def ask(states=states, start=start, got=got):
                start.wait()
                got.append(states.obtain("a", State))

            threads = [threading.Thread(target=ask) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(set(got)) == 1
