"""Inline scripts and styles of a page, as its Content-Security-Policy allows them."""

from __future__ import annotations

import base64
import hashlib
import re


def source_hashes(html: str, tag: str) -> str:
    """Return the sources for a directive: the hash of each element with this tag and a text of its own.

    Args:
        html: the page.
        tag: "script" or "style".
    """
    texts = re.findall(rf'<{tag}(?:\s+type="text/[a-z]+")?>(.*?)</{tag}>', html, re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
    return " ".join(f"'sha256-{digest}'" for digest in dict.fromkeys(digests))
