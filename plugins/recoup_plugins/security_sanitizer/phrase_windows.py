"""Tells by the checksum which of the listed words in a row are a seed phrase, and which belong to the sentence.

BIP-39: each word stands for 11 bits; of every 33 bits, 32 are entropy and one is checksum, the first bits of the
entropy's SHA-256. Twelve words that stand together by chance pass one time in 16.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_LENGTHS: Final = (12, 15, 18, 21, 24)
_BITS_OF_A_WORD: Final = 11
_WORDS_PER_CHECK_BIT: Final = 3
_LONGEST_RUN: Final = 48
"""Words in a row above which no window is looked for; two phrases of the longest kind."""


@cache
def _numbers() -> dict[str, int]:
    text = files("recoup_plugins.security_sanitizer").joinpath("bip39_english.txt").read_text("ascii")
    return {word: number for number, word in enumerate(text.split())}


def phrase_window(words: Sequence[str]) -> tuple[int, int]:
    """Return which of the listed words to hide: all windows with a right checksum, or all words.

    Where 24 words have one, which is chance in one case of 256, shorter windows do not count. All words where as many
    stand there as a phrase may have, and where no window passes.

    Args:
        words: words of the English list, in lower case.
    """
    size = len(words)
    if size in _LENGTHS or size > _LONGEST_RUN:
        return 0, size
    numbers = [_numbers()[word] for word in words]
    found = [
        (start, start + length)
        for length in _LENGTHS
        for start in range(size - length + 1)
        if has_checksum(numbers[start : start + length])
    ]
    if not found:
        return 0, size
    found = [window for window in found if window[1] - window[0] == _LENGTHS[-1]] or found
    return min(start for start, _ in found), max(end for _, end in found)


def has_checksum(numbers: Sequence[int]) -> bool:
    """Tell whether the words with these numbers in the list end in the checksum of their entropy (BIP-39)."""
    bits = 0
    for number in numbers:
        bits = bits << _BITS_OF_A_WORD | number
    check_bits = len(numbers) // _WORDS_PER_CHECK_BIT
    entropy = (bits >> check_bits).to_bytes(check_bits * 4, "big")
    return sha256(entropy).digest()[0] >> (8 - check_bits) == bits & ((1 << check_bits) - 1)
