"""What may be a label's name: any UTF-8 text that is not empty."""

from opsbook.metrics.promql.rewrite import NO_TEXT


def is_label_name(name: str) -> bool:
    return bool(name) and not any(_is_byte(sign) for sign in name)


def quoted(name: str) -> str:
    """For messages; a byte that is no text as `\\xff`."""
    shown = (f"\\x{ord(sign) - NO_TEXT:02x}" if _is_byte(sign) else sign for sign in name)
    return f'"{"".join(shown)}"'


def _is_byte(sign: str) -> bool:
    return NO_TEXT + 0x80 <= ord(sign) <= NO_TEXT + 0xFF
