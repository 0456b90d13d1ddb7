"""What may stand after the last record that the head was signed for.

Whoever has no key can still compute hashes, so he can chain records to the end. Where a run of the trail has ended he
is found out: a writer signs the head with the last word of a run, ``stop``, and again with the first of the next,
``start``, before he takes any event. So no event comes after either without a signed head that covers it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from recoup_plugins.audit_trail.chain import Record

_BETWEEN_RUNS = frozenset({"start", "segment", "gap"})


@define
class UnsignedEnd:
    """Follows the chain beyond its signed head. Belongs to one reading.

    Args:
        signed: sequence number of the record that the head was signed for; 0 for none.

    Attributes:
        first: sequence number of the first record that no writer can have left there; 0 for none.
        count: how many there are from there on.
    """

    _signed: int
    first: int = field(init=False, default=0)
    count: int = field(init=False, default=0)
    _is_between_runs: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        self._is_between_runs = self._signed == 0

    def see(self, record: Record) -> None:
        """Take the next record of the chain."""
        if record.sequence <= self._signed:
            self._is_between_runs = record.sequence == self._signed and record.kind == "stop"
        elif self.first or (self._is_between_runs and record.kind not in _BETWEEN_RUNS):
            self.first = self.first or record.sequence
            self.count += 1
        elif record.kind in {"start", "stop"}:
            self._is_between_runs = True
