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
from measure import timed, times
from nets_table import Net, find

Setting = Callable[[], AbstractContextManager[object]]  # the context that a run is called in


class Contestant:
    """A framework that trains a net, or reads with it.

    Args:
        name: for the table.
        measured: "training" or "inference".
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
        setting: Setting = nullcontext,
    ) -> None:
        self.name, self.measured, self.run, self.setting = name, measured, run, setting
        results: list[Any] = []
        with setting():
            self.first = timed(lambda: results.append(run()))
            if measured == "training":
                results.append(run())
        self.output = np.ravel(results).tolist()

    def times(self, at_least: float) -> list[float]:
        """Seconds of as many calls as fit into `at_least` seconds, at least of one."""
        with self.setting():
            return times(self.run, at_least)


class Answers:
    """Answers questions about the nets, one net after the other.

    Args:
        contestants: makes those of a net.
    """

    def __init__(self, contestants: Callable[[Net], Sequence[Contestant]]) -> None:
        self._make = contestants
        self._all: Sequence[Contestant] = ()

    def answer(self, question: str) -> str:
        """Answer `["prepare", NAME]` or `["times", NUMBER, AT_LEAST]`; both are JSON."""
        what, *arguments = json.loads(question)
        answers: dict[str, Callable[..., Any]] = {"prepare": self._prepare, "times": self._times}
        return json.dumps(answers[what](*arguments))

    def _prepare(self, name: str) -> list[dict[str, Any]]:
        """Make the contestants of a net in place of those of the last one; describe them."""
        self._all = ()
        gc.collect()
        (net,) = find([name])
        self._all = self._make(net)
        kept = "name", "measured", "output", "first"
        return [{key: getattr(one, key) for key in kept} for one in self._all]

    def _times(self, number: int, at_least: float) -> dict[str, Any]:
        """The times of a contestant, and the seconds that the processor has computed for a call."""
        start = time.process_time()
        taken = self._all[number].times(at_least)
        return {"times": taken, "cpu": (time.process_time() - start) / len(taken)}

    def serve(self, questions: TextIO, answers: TextIO) -> None:
        """Answer each line."""
        for line in questions:
            print(self.answer(line), file=answers, flush=True)
