"""From policy configurations to the policies of the plugins that serve them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from recoup.errors import PolicyMisuse, PolicyUnavailable
from recoup.roles import PolicyServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from recoup.manager import PluginManager
    from recoup.policies import PolicyConfig
    from recoup.roles import Placing, Policy, Scope


@frozen
class Fitted:
    """A policy, with what it was made from. Immutable.

    Attributes:
        plugin: name of the plugin that made it.
        config: what it gives effect to.
        policy: the policy itself.
    """

    plugin: str
    config: Any
    policy: Policy


def fit(plugins: PluginManager, configs: Sequence[PolicyConfig], scope: Scope) -> list[Fitted]:
    """Have every plugin that serves a configuration make its policy, in the order of the configurations.

    A plugin that fails is reported and left out: it never holds the application up.

    Raises:
        PolicyUnavailable: no enabled plugin serves one of them.
        PolicyMisuse: a plugin says that one makes no sense in this scope.
    """
    return [fitted for config in configs for fitted in _fit_one(plugins, config, scope)]


def placings(plugins: PluginManager, configs: Sequence[PolicyConfig]) -> list[Placing]:
    """Return where each configuration belongs, as the first plugin that serves it says.

    Raises:
        PolicyUnavailable: no enabled plugin serves one of them.
    """
    return [next(server.placing(config) for _, server in servers_of(plugins, config)) for config in configs]


def servers_of(plugins: PluginManager, config: PolicyConfig) -> list[tuple[str, PolicyServer]]:
    """Return the plugins that serve a configuration, by name.

    Raises:
        PolicyUnavailable: there is none.
    """
    servers = [(name, server) for name, server in plugins.with_role(PolicyServer) if isinstance(config, server.serves)]
    if not servers:
        kind = type(config).__name__
        raise PolicyUnavailable(f"no enabled plugin serves {kind}; `recoup plugins list` shows what there is")
    return servers


def _fit_one(plugins: PluginManager, config: PolicyConfig, scope: Scope) -> Iterator[Fitted]:
    for name, server in servers_of(plugins, config):
        try:
            policy = server.policy(config, scope)
        except PolicyMisuse:
            raise
        except Exception as failure:  # noqa: BLE001 - a plugin's failure never holds the application up
            plugins.report(name, "policy", failure)
        else:
            yield Fitted(name, config, policy)
