"""Where the time of each net goes: what `./build.sh bench nets --profile [NET...]` runs inside Pyodide."""

import sys

from nets_models import forward_pass, training_step
from nets_table import find
from step import step_times

import pyconvlite
from pyconvlite import backends

LEAST = 0.005  # share of a step that has a line


def main(names: list[str]) -> None:
    """Print the shares of the kernels and of NumPy in the Functions, for training and for inference."""
    print(f"time by kernel and by Function less its kernels; {backends.describe().reason}")
    for net in find(names):
        kinds = (("training", training_step),) if net.trained else ()
        for measured, make in (*kinds, ("inference", forward_pass)):
            times = step_times(make(pyconvlite, net), 2)
            print(f"\n{net.name}, {measured}: {times.shares()}")
            for name, t in sorted({**times.kernels, **times.functions}.items(), key=lambda item: -item[1]):
                if t / times.whole >= LEAST:
                    print(f"    {name:28}{t * 1e3:9.3f} ms {t / times.whole:6.1%}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
