"""How to point the unmodified ccxt client at the venue."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import ccxt

if TYPE_CHECKING:
    from recoup_sim.signing import Credentials


def exchange_options(url: str, credentials: Credentials) -> dict[str, Any]:
    """Return what to give to ``ccxt.binance(...)`` or ``ccxt.async_support.binance(...)``.

    Every section of ccxt's API keeps its path and moves to ``url``. ccxt picks its error map for the
    spot market by the production host name, and so loses it with any other URL; here that map is laid
    over the general one, which ccxt consults next, so that each error code raises what it raises in
    production.

    Args:
        url: The venue's address, for example ``http://127.0.0.1:8080``.
        credentials: The key pair that the venue accepts.
    """
    paths, errors = _production()
    return {
        "apiKey": credentials.api_key,
        "secret": credentials.secret,
        "urls": {"api": {section: url + path for section, path in paths.items()}},
        "exceptions": {"exact": dict(errors)},
    }


@cache
def _production() -> tuple[dict[str, str], dict[str, type]]:
    """Return the path of each section of ccxt's API, and its error map of the spot market."""
    client = ccxt.binance()
    paths = {section: urlsplit(original).path for section, original in client.urls["api"].items()}
    return paths, client.exceptions["spot"]["exact"]
