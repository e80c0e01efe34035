"""Large parts of a page, compressed; the browser unpacks them itself. No torch."""

import base64
import zlib

MOST = 1_000_000  # characters of a part that stays as it is, which people can read and browsers show without scripts


def packed(text: str) -> str:
    """A text that is larger than `MOST`, compressed by zlib, in base64; else nothing."""
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode() if len(text) > MOST else ""
