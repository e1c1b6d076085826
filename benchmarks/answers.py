"""How the processes of `./build.sh bench nets` answer: lines of JSON that name a net or ask for times.

Imported also by Pythons that have NumPy alone, without pyconvlite.
"""

import gc
import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TextIO

import numpy as np
from nets_table import Net, find


class Contestant:
    """A framework that trains a net, or reads with it.

    Args:
        name: for the table.
        measured: "training" or "reading".
        run: a step of training, which returns its loss, or a pass forward, which returns the output.
        setting: makes the context that `run` is called in.

    Attributes:
        output: of a pass forward; or the losses of two steps, of which the second depends on all gradients.
        first: seconds that the first call took.
    """

    def __init__(
        self,
        name: str,
        measured: str,
        run: Callable[[], Any],
        setting: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self.name, self.measured, self.run, self.setting = name, measured, run, setting
        with setting():
            start = time.perf_counter()
            first = run()
            self.first = time.perf_counter() - start
            self.output = np.ravel([first, run()] if measured == "training" else first).tolist()

    def times(self, at_least: float) -> list[float]:
        """Seconds of as many calls as fit into `at_least` seconds, at least of one."""
        times: list[float] = []
        with self.setting():
            while not times or sum(times) < at_least:
                start = time.perf_counter()
                self.run()
                times.append(time.perf_counter() - start)
        return times


class Answers:
    """Answers questions about the nets, one net after the other.

    Args:
        contestants: makes those of a net.
    """

    def __init__(self, contestants: Callable[[Net], Sequence[Contestant]]) -> None:
        self._make = contestants
        self._all: Sequence[Contestant] = ()

    def prepare(self, name: str) -> str:
        """Make the contestants of a net in place of those of the last one; describe them in JSON."""
        self._all = ()
        gc.collect()
        (net,) = find([name])
        self._all = self._make(net)
        kept = "name", "measured", "output", "first"
        return json.dumps([{key: getattr(one, key) for key in kept} for one in self._all])

    def times(self, number: int, at_least: float) -> str:
        """The times of a contestant in JSON."""
        return json.dumps(self._all[number].times(at_least))

    def serve(self, questions: TextIO, answers: TextIO) -> None:
        """Answer lines, `["prepare", NAME]` or `["times", NUMBER, AT_LEAST]`.

        The latter also with `cpu`, the seconds that the processor has computed for a call.
        """
        for line in questions:
            what, *arguments = json.loads(line)
            if what == "prepare":
                answer = self.prepare(*arguments)
            else:
                start = time.process_time()
                number, at_least = arguments
                times = self._all[number].times(at_least)
                answer = json.dumps({"times": times, "cpu": (time.process_time() - start) / len(times)})
            print(answer, file=answers, flush=True)
