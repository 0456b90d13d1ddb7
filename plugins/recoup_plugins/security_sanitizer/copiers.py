"""What copies the values of each shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from recoup_plugins.security_sanitizer import leaves, mappings, object_copies, sequences
from recoup_plugins.security_sanitizer.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup_plugins.security_sanitizer.structure import Walk

COPIERS: Final[dict[Shape, Callable[[Walk, Any, int], Any]]] = {
    Shape.SYMBOL: leaves.copy_symbol,
    Shape.EXCEPTION: object_copies.copy_parts,
    Shape.TRACEBACK: object_copies.copy_traceback,
    Shape.STACK: object_copies.copy_stack,
    Shape.TEXT: leaves.copy_text,
    Shape.OCTETS: leaves.copy_octets,
    Shape.ARRAY: leaves.copy_array,
    Shape.RECORD: mappings.copy_record,
    Shape.SEQUENCE: sequences.copy_sequence,
    Shape.DICT: mappings.copy_dict,
    Shape.MAPPING: mappings.copy_mapping,
    Shape.SET: sequences.copy_set,
    Shape.NUMBER: leaves.copy_number,
    Shape.DECIMAL: leaves.copy_decimal,
    Shape.HARMLESS: leaves.copy_harmless,
    Shape.ADDRESS: leaves.copy_address,
    Shape.SPOKEN: leaves.copy_spoken,
    Shape.PARTIAL: object_copies.copy_parts,
    Shape.NAMESPACE: object_copies.copy_namespace,
    Shape.FIELDS: object_copies.copy_parts,
    Shape.OPAQUE: object_copies.copy_opaque,
}
"""Each takes the walk, the value and the levels of nesting within it, and returns its sanitized copy."""
