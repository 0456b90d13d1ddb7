"""Hides secrets, personal and financial data from everything that leaves the application.

| level | hides, beside all that the level before hides |
|---|---|
| LOW | credentials: API keys, secrets, tokens, passwords, seed phrases, private keys, signatures |
| MEDIUM | payment cards, bank data, national ids, e-mail addresses, phone numbers, wallet addresses |
| HIGH | IP and MAC addresses, account ids, user names |
| CRITICAL | amounts, balances, prices, order data and order ids |
"""

from recoup_plugins.security_sanitizer.config import SanitizerConfig
from recoup_plugins.security_sanitizer.levels import Level, UnknownLevelError
from recoup_plugins.security_sanitizer.plugin import SecuritySanitizerPlugin
from recoup_plugins.security_sanitizer.rule import Rule
from recoup_plugins.security_sanitizer.sanitizer import DEFAULT_RULES, SecurityDataSanitizer

__all__ = [
    "DEFAULT_RULES",
    "Level",
    "Rule",
    "SanitizerConfig",
    "SecurityDataSanitizer",
    "SecuritySanitizerPlugin",
    "UnknownLevelError",
]
