"""What the pages tell, in the visitor's language.

A message is a dict with a `code`, for which the pages have a text in each language (messages.json), the
`values` that the text takes, and an English `text` for a code that they do not know.
"""

from __future__ import annotations

import sys


def message(code: str, **values: object) -> dict:
    """A message of the pages' own; values are text or other messages."""
    return {"code": code, "values": values, "text": code}


def message_of(error: BaseException) -> dict:
    """What an exception tells; of one without a code its text."""
    values = {name: _plain(value) for name, value in getattr(error, "values", {}).items()}
    return {"code": getattr(error, "code", ""), "values": values, "text": str(error)}


def _plain(value: object) -> object:
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return message_of(value) if hasattr(value, "code") else str(value)


def last_error() -> dict:
    """What the exception tells that JavaScript caught last."""
    return message_of(sys.last_exc)
