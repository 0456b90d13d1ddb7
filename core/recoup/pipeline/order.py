"""Which order of policies makes sense."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from recoup.errors import PolicyMisuse
from recoup.pipeline.fitting import placings
from recoup.roles import Place, Trait

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recoup.manager import PluginManager
    from recoup.policies import PolicyConfig
    from recoup.roles import Placing

_PLACES: Final = list(Place)
_SENSELESS: Final = (
    (Trait.REPEATS, Trait.REPEATS, "attempts multiply: keep one of the two"),
    (Trait.PARALLEL, Trait.REPEATS, "each parallel attempt repeats on its own: put the repeating policy outside"),
    (Trait.REPEATS, Trait.STANDS_IN, "the stand-in hides failures that should be repeated: put it outside"),
    (Trait.JUDGES, Trait.STANDS_IN, "the stand-in hides failures that should be counted: put it outside"),
    (Trait.PARALLEL, Trait.ONE_AT_A_TIME, "the second attempt would only wait for the first: admit two or more"),
    (Trait.ONE_AT_A_TIME, Trait.PARALLEL, "more is under way than is admitted: put the limit within, and admit more"),
)
"""What makes no sense: a policy of the first trait with one of the second anywhere within."""


def arranged(plugins: PluginManager, configs: Sequence[PolicyConfig]) -> tuple[PolicyConfig, ...]:
    """Return configurations in the recommended order, outermost first; of the same place, as they came.

    Raises:
        PolicyUnavailable: no enabled plugin serves one of them.
        PolicyMisuse: they make no sense together in any order.
    """
    if len(configs) < 2:  # noqa: PLR2004 - one policy is in order
        return tuple(configs)
    placed = sorted(
        zip(placings(plugins, configs), configs, strict=True), key=lambda pair: _PLACES.index(pair[0].place)
    )
    _check([placing for placing, _ in placed], [config for _, config in placed])
    return tuple(config for _, config in placed)


def check_order(plugins: PluginManager, configs: Sequence[PolicyConfig]) -> None:
    """Refuse an order that makes no sense.

    Raises:
        PolicyUnavailable: no enabled plugin serves one of them.
        PolicyMisuse: with the two policies, the reason and the remedy.
    """
    _check(placings(plugins, configs), configs)


def _check(placed: Sequence[Placing], configs: Sequence[PolicyConfig]) -> None:
    for i, around in enumerate(placed):
        for j in range(i + 1, len(placed)):
            reason = _reason(around, placed[j])
            if reason is not None:
                raise PolicyMisuse(
                    f"policy {j + 1}, {_name(configs[j])}, stands within policy {i + 1}, {_name(configs[i])}: {reason}"
                )


def _reason(around: Placing, within: Placing) -> str | None:
    for outer, inner, reason in _SENSELESS:
        if around.traits & outer and within.traits & inner:
            return reason
    if around.seconds is not None and within.seconds is not None and within.seconds >= around.seconds:
        return (
            f"its {within.seconds:g} s can never be over before the {around.seconds:g} s around it: give it less time"
        )
    return None


def _name(config: PolicyConfig) -> str:
    return type(config).__name__
