"""The output of a program: order, floods, pictures and streams."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tab import outlet
from tab.outlet import Outlet, stream


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def sent() -> list[Any]:
    return []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def out(sent: list[Any], clock: Clock) -> Outlet:
    return Outlet(sent.append, clock)


def test_short_output_is_sent_at_once(out: Outlet, sent: list[Any]) -> None:
    out.write("a\n")
    out.write("b\n")
    assert sent == ["a\n", "b\n"]


def test_flood_is_reduced_to_the_end_of_each_period(out: Outlet, sent: list[Any], clock: Clock) -> None:
    lines = [f"line {i}\n" for i in range(100_000)]
    for i, line in enumerate(lines):
        clock.now = i / 10_000  # ten seconds in all
        out.write(line)
    out.flush()
    assert len(sent) <= (10 / outlet.SECONDS + 1) * outlet.MESSAGES
    assert max(map(len, sent)) < 1.1 * outlet.LETTERS
    assert sent[-1].endswith(lines[-1])
    shown = [int(line.split()[1]) for line in "".join(sent).splitlines() if line.startswith("line ")]
    assert shown == sorted(set(shown))
    lost = sum(int(text.split()[0][1:].replace(",", "")) for text in sent if " left out]" in text)
    assert len(shown) + lost == len(lines)  # none goes without a word


def test_long_line_is_reduced_to_its_end(out: Outlet, sent: list[Any]) -> None:
    out.write("x" * 3_000_000 + "end")
    out.write("\n")
    out.flush()
    (text,) = sent
    assert text.startswith("[1 line left out]\nxxx")
    assert text.endswith("xxxend\n")


def test_long_messages_are_throttled(out: Outlet, sent: list[Any], clock: Clock) -> None:
    text = "x" * (outlet.LETTERS * 2 // 5)
    for _ in range(3):
        out.write(text)
    assert sent == [text, text]
    clock.now = outlet.SECONDS
    out.write("end")
    assert "".join(sent) == 3 * text + "end"


def test_line_longer_than_the_limit(out: Outlet, sent: list[Any]) -> None:
    out.write("x" * (5 * outlet.LETTERS))
    out.flush()
    assert sent == ["[1 line left out]\n" + "x" * outlet.LETTERS]


def test_pictures_keep_their_order_and_are_limited(out: Outlet, sent: list[Any]) -> None:
    for _ in range(outlet.MESSAGES + 1):
        out.write("t")  # the last one waits
    out.show({"kind": "image"})
    assert "".join(sent[:-1]) == "t" * (outlet.MESSAGES + 1)
    assert sent[-1] == {"kind": "image"}
    for _ in range(outlet.PICTURES + 5):
        out.show({"kind": "image"})
    out.flush()
    assert sent.count({"kind": "image"}) == outlet.PICTURES
    assert "".join(item for item in sent if isinstance(item, str)).count("no more are shown") == 1


def test_pending_output_is_sent_during_await() -> None:
    async def program() -> list[str]:
        sent: list[str] = []
        out = Outlet(sent.append)
        for i in range(outlet.MESSAGES + 1):
            out.write(f"{i} ")
        assert not sent[-1].endswith(f"{outlet.MESSAGES} ")
        await asyncio.sleep(2 * outlet.SECONDS)
        return sent

    assert asyncio.run(program())[-1].endswith(f"{outlet.MESSAGES} ")


def test_stream_sends_lines_and_flushed_text(sent: list[Any]) -> None:
    text = stream(sent.append)
    print("half", end="", file=text)
    assert sent == []
    print(" a line", file=text)
    print("no end", end="", file=text, flush=True)
    assert "".join(sent) == "half a line\nno end"
    text.buffer.write("ü".encode()[:1])
    text.buffer.write("ü".encode()[1:])  # in two pieces
    print("\ud800", file=text)  # no character: it is written as its escape
    assert "".join(sent).endswith("ü\\ud800\n")
