"""The ``chaos`` plugin."""

from __future__ import annotations

import os
from random import Random
from typing import TYPE_CHECKING, ClassVar

from attrs import field, frozen
from attrs.validators import ge, instance_of

from recoup import KeyedStates, Place, Placing
from recoup_plugins.chaos.config import ChaosConfig
from recoup_plugins.chaos.policy import Calm, ChaosPolicy, Choices

if TYPE_CHECKING:
    from recoup import Host, Scope

ENVIRONMENT = "RECOUP_ENVIRONMENT"
"""The environment variable that says where the application runs; ``production`` is where chaos has to be allowed."""


class NotAllowed(ValueError):
    """Chaos is enabled in production, and nobody said that it may be."""


@frozen(kw_only=True)
class ChaosSettings:
    """The plugin's own section. Immutable.

    Attributes:
        allow_in_production: whether it may be enabled where ``RECOUP_ENVIRONMENT`` is ``production``.
        max_sequences: seeded sequences kept at most that no pipeline uses.
    """

    allow_in_production: bool = field(default=False, validator=instance_of(bool))
    max_sequences: int = field(default=1000, validator=[instance_of(int), ge(1)])


class ChaosPlugin:
    """Has calls go wrong on purpose, to see what becomes of the rest. Thread-safe and task-safe.

    Off unless the configuration enables it. While it is off, a pipeline with a :class:`ChaosConfig` is refused with
    :class:`recoup.PolicyUnavailable`, so that nobody takes calm for strength.

    Attributes:
        serves: the policy configuration it gives effect to.

    Raises:
        NotAllowed: ``RECOUP_ENVIRONMENT`` is ``production``, and ``allow_in_production`` is not set.
    """

    Config = ChaosSettings
    enabled_by_default: ClassVar[bool] = False
    serves = (ChaosConfig,)

    def __init__(self, host: Host, config: ChaosSettings | None = None) -> None:
        settings = config or ChaosSettings()
        if os.environ.get(ENVIRONMENT, "").strip().lower() == "production" and not settings.allow_in_production:
            raise NotAllowed(
                f"chaos is enabled, and {ENVIRONMENT} says production; where that is meant, set "
                "error_handling.plugins.chaos.config.allow_in_production"
            )
        self._host = host
        self._seeded: KeyedStates[Choices] = KeyedStates(max_kept=settings.max_sequences)
        self._unseeded = Choices(host.random)

    def policy(self, config: ChaosConfig, scope: Scope) -> ChaosPolicy | Calm:
        """Return what makes the calls of one scope go wrong; a seeded sequence goes on where it was."""
        if not config.does_anything:
            return Calm()
        return ChaosPolicy(config, self._choices(config.seed, scope.key), scope.key, self._host)

    def placing(self, config: ChaosConfig) -> Placing:  # noqa: ARG002 - the role's signature
        """Next to the call, so that all other policies have to deal with it."""
        return Placing(place=Place.CHAOS)

    def _choices(self, seed: int | None, key: str) -> Choices:
        if seed is None:
            return self._unseeded
        name = f"{seed} {key}"
        return self._seeded.obtain(name, lambda: Choices(Random(name)))  # noqa: S311 - chance, not secrecy
