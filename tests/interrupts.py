"""KeyboardInterrupt at a chosen place of a training step, and what must hold after it.

`python tests/interrupts.py 100000` tries that many interrupts; test_autograd_interrupts.py tries a few.
"""

import contextlib
import dis
import gc
import sys
import weakref
from collections import Counter
from pathlib import Path

import numpy as np

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Config, Function, Variable, grad, no_grad, seed, test_mode
from pyconvlite.layers import base
from pyconvlite.models import Sequential
from pyconvlite.optimizers import Adam, ClipGrad, WeightDecay

PACKAGE = Path(pyconvlite.__file__).parent
# Modules that change what outlives a call are interrupted at each bytecode, the others at each line.
BYTECODES = (
    *(str(PACKAGE / name) for name in ("autograd", "config.py", "layers", "optimizers")),
    *(contextlib.__file__, weakref.__file__, __file__),
)
TRACED = (str(PACKAGE), *BYTECODES)


class Interrupter:
    """Raise KeyboardInterrupt before the n-th line or bytecode of a call; count them."""

    def __init__(self, n=None):
        self.n = n
        self.count = 0
        self.place = None

    def _enter(self, frame, event, arg):
        if not frame.f_code.co_filename.startswith(TRACED):
            return None
        frame.f_trace_opcodes = frame.f_code.co_filename.startswith(BYTECODES)
        return self._advance

    def _advance(self, frame, event, arg):
        # A bytecode without a line is the interpreter's own: raising there, Python 3.11 loses a reference.
        if event == ("opcode" if frame.f_trace_opcodes else "line") and frame.f_lineno is not None:
            if self.count + 1 == self.n and (_ends_handler(frame) or _releases_lock(frame)):
                return self._advance  # the next one is interrupted
            self.count += 1
            if self.count == self.n:
                self.place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} {frame.f_code.co_name}"
                raise KeyboardInterrupt
        return self._advance

    def run(self, f, *args):
        """Call `f(*args)`; return whether the interrupt reached the caller: one inside `__del__` does not."""
        before = sys.gettrace(), sys.unraisablehook
        sys.unraisablehook = lambda unraisable: None
        try:
            sys.settrace(self._enter)
            f(*args)
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(before[0])
            sys.unraisablehook = before[1]
        return False


def places(f, *args):
    """The numbers of the places at which an Interrupter may interrupt `f(*args)`, which is called once."""
    whole = Interrupter()
    whole.run(f, *args)
    assert whole.count
    return range(1, whole.count + 1)


def _ends_handler(frame):
    """Whether a frame is about to leave an `except`.

    No signal is handled there. Raising there leaves the interpreter in the `except` for good: it keeps the
    exception, whose traceback keeps the local variables of all callers.
    """
    code, at = frame.f_code.co_code, frame.f_lasti
    return code[at + 2 * (code[at] == dis.opmap["SWAP"])] == dis.opmap["POP_EXCEPT"]


def _releases_lock(frame):
    """Whether a frame has left the `with` of the lock of first calls, and is about to release the lock.

    No signal is handled between the two, since the release is a function of C.
    """
    code, handlers = frame.f_code, dis.Bytecode(frame.f_code).exception_entries
    return (
        code is base.Layer._init_for.__code__
        and base._initializing._is_owned()
        and not any(entry.start <= frame.f_lasti < entry.end for entry in handlers)
    )


class Training:
    """A small network whose step changes everything that an interrupt could leave inconsistent.

    Args:
        penalty: whether the loss has a gradient penalty, so that the step differentiates twice.
    """

    def __init__(self, penalty):
        self.penalty = penalty
        rng = np.random.default_rng(0)
        self.x = rng.standard_normal((4, 3))
        self.t = rng.integers(0, 2, 4)
        self.restart()

    def restart(self):
        """Make a new model."""
        seed(0)
        self.model = Sequential(
            L.Linear(4, dtype=np.float64),
            L.BatchNorm(dtype=np.float64),
            F.relu,
            L.Linear(2, dtype=np.float64),
        )
        self.optimizer = Adam(0.1).setup(self.model)
        self.optimizer.add_hook(WeightDecay(0.01))
        self.optimizer.add_hook(ClipGrad(1.0))

    def step(self):
        """Train by one step, then compute scores."""
        x = Variable(self.x)
        loss = F.softmax_cross_entropy(self.model(x), self.t)
        if self.penalty:
            (gx,) = grad(loss, x, create_graph=True)
            loss = loss + (gx * gx).sum()
        self.model.cleargrads()
        loss.backward()
        self.optimizer.update()
        with no_grad(), test_mode():
            self.model(self.x)

    def state(self):
        """Everything that a step changes permanently, except the running statistics."""
        trained = [param for param in self.model.params() if param.requires_grad]
        moments = (
            memory.get(param) for memory in (self.optimizer.ms, self.optimizer.vs) for param in trained
        )
        arrays = [*(param.data for param in trained), *moments]
        return self.optimizer.t, [None if a is None else a.tobytes() for a in arrays]


def functions_alive():
    """The number of Functions that have not been freed, of those made since `gc.freeze`."""
    return sum(isinstance(x, Function) for x in gc.get_objects())


@contextlib.contextmanager
def collecting_nothing():
    """Switch the garbage collector off: a graph that only it would free counts as not freed."""
    gc.collect()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.enable()


def check(training, count, first=False):
    """Interrupt a step at many places, then check the settings, the weights, the next step and the memory.

    Args:
        training: a Training.
        count: number of places, spread over the step.
        first: interrupt the first step of a model, which makes its Parameters, and not the second.

    Returns:
        A count of the faults, by what is wrong and where the interrupt came.
    """
    training.restart()
    states = []  # after each step
    for _ in range(4):
        training.step()
        states.append(training.state())
    training.restart()
    if not first:
        training.step()
    numbers = places(training.step)
    faults = Counter()
    with collecting_nothing():
        for i in range(count):
            training.restart()
            if not first:
                training.step()
            interrupter = Interrupter(numbers[i * 7919 % len(numbers)])  # a prime
            interrupter.run(training.step)
            wrong = ["handled for good"] if sys.exc_info()[1] else []
            if not (Config.enable_backprop and Config.train):
                wrong.append("settings")
            steps = training.optimizer.t
            if steps and training.state() != states[steps - 1]:
                wrong.append("half a step")
            if steps == 0:
                seed(0)  # the weights are drawn again
            training.step()
            if training.state() != states[steps]:
                wrong.append("next step")
            if functions_alive():
                gc.collect()
                wrong.append("memory, for good" if functions_alive() else "memory, until a collection")
                gc.freeze()  # counted once
            faults.update((fault, interrupter.place) for fault in wrong)
    return faults


def main(count):
    """Try `count` interrupts; print the faults that they left."""
    for penalty, first, share in ((False, False, 0.6), (False, True, 0.3), (True, False, 0.1)):
        faults = check(Training(penalty), round(share * count), first)
        print(
            f"penalty={penalty}, first={first}: {round(share * count)} interrupts, faults: {faults}",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]))
