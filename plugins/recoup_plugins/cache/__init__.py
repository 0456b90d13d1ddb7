"""Keeps good results for a time."""

from recoup_plugins.cache.plugin import CachePlugin, CacheSettings
from recoup_plugins.cache.policy import CachePolicy
from recoup_plugins.cache.ttl_cache import TTLCache

__all__ = ["CachePlugin", "CachePolicy", "CacheSettings", "TTLCache"]
