"""What became of one plugin, for whoever lists them."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class PluginStatus:
    """What became of one plugin. Immutable.

    Attributes:
        name: in the configuration.
        hooks: the hooks that it implements, where it was loaded.
        distribution: that brings it, or None.
        version: of that distribution, or None.
        enabled: whether it is at work.
        reason: why not, or ``""``.
        failures: of its hooks so far.
    """

    name: str
    hooks: tuple[str, ...] = ()
    distribution: str | None = None
    version: str | None = None
    enabled: bool = True
    reason: str = ""
    failures: int = 0
