"""The way out of a program: what it prints and shows, no faster than a page can draw it."""

from __future__ import annotations

import asyncio
import codecs
import io
import time
from collections.abc import Callable
from typing import Any

SECONDS = 0.1  # within which
MESSAGES = 20  # so many messages
LETTERS = 10_000  # with so many letters go out; what is beyond waits
PICTURES = 50  # and other things than text, of one program

Send = Callable[[Any], object]


class Outlet:
    """Passes text on at once, while there is little; of a flood, the end of each tenth of a second.

    Args:
        send: takes text, or a dict that says what is shown.
        clock: tells seconds.
    """

    def __init__(self, send: Send, clock: Callable[[], float] = time.monotonic) -> None:
        self._send = send
        self._clock = clock
        self._since = clock()
        self._messages = self._letters = self._pictures = 0
        self._waiting: list[str] = []
        self._length = 0  # of what waits
        self._lost = 0  # lines that waited too long
        self._cut = False  # whether the beginning of a line did, and its end goes on
        self._timer: asyncio.TimerHandle | None = None

    def write(self, text: str) -> None:
        """Pass text on, or keep it until there is room."""
        self._refill()
        if not self._waiting and self._messages < MESSAGES and self._letters + len(text) <= LETTERS:
            self._pass_on(text)
            return
        self._waiting.append(text)
        self._length += len(text)
        if self._length > 2 * LETTERS:
            self._drop()
        if self._timer is None:
            self._call_later()

    def show(self, what: dict[str, Any]) -> None:
        """Pass on what is no text: a picture, a graph, HTML."""
        self._pictures += 1
        if self._pictures > PICTURES:
            if self._pictures == PICTURES + 1:
                self.write(f"[after {PICTURES} pictures no more are shown]\n")
            return
        self.flush()  # things stay in their order
        self._send(what)

    def flush(self) -> None:
        """Pass on all that waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._length > LETTERS:
            self._drop()
        text = "".join(self._waiting)
        if lost := self._lost + self._cut:
            text = f"[{lost:,} {'line' if lost == 1 else 'lines'} left out]\n{text}"
        self._waiting, self._length, self._lost, self._cut = [], 0, 0, False
        if text:
            self._pass_on(text)

    def _refill(self) -> None:
        now = self._clock()
        if now - self._since < SECONDS:
            return
        self._since, self._messages, self._letters = now, 0, 0
        if self._waiting:
            self.flush()

    def _pass_on(self, text: str) -> None:
        self._messages += 1
        self._letters += len(text)
        self._send(text)

    def _drop(self) -> None:
        """Keep the last letters of what waits, from the beginning of a line where there is one."""
        text = "".join(self._waiting)
        start = len(text) - LETTERS
        start = text.find("\n", start - 1, len(text) - 1) + 1 or start  # an end of the last line begins none
        self._lost += text.count("\n", 0, start)
        self._cut = text[start - 1] != "\n"
        self._waiting, self._length = [text[start:]], len(text) - start

    def _call_later(self) -> None:
        """Flush even if the program prints nothing more, where it lets other work in."""
        try:
            self._timer = asyncio.get_running_loop().call_later(SECONDS, self.flush)
        except RuntimeError:  # no loop: flush() comes at the end
            self._timer = None


class _Raw(io.RawIOBase):
    """The bytes of a stream, passed on as text."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        text = self._decode(bytes(data))
        if text:
            self._write(text)
        return len(data)


def stream(write: Callable[[str], object]) -> io.TextIOWrapper:
    """A stand-in for `sys.stdout` that hands text on line by line, or when flushed, as a terminal does."""
    return io.TextIOWrapper(
        _Raw(write),  # type: ignore[arg-type] # no buffer of bytes between: the lines would wait in it
        encoding="utf-8",
        errors="backslashreplace",
        newline="\n",
        line_buffering=True,
    )
