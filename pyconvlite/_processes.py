"""The processes of a job: Communicator, and Scattered, a dataset of which each process reads a share."""

from __future__ import annotations

import operator
from typing import Any, SupportsIndex

import numpy as np

from ._arguments import Examples
from ._shapes import Array
from .config import Config

__all__ = ["Communicator", "Scattered"]

CHECKSUMS = 5  # of at most 26 bits, which `check_call` compares


class Batches:
    """The batches that all processes have drawn for training; their shares of one may differ in size.

    Attributes:
        rows: indexes of the last one; None before the first, and at the end of an epoch.
        count: how many there were.
        in_test_mode: whether the last one was taken in `test_mode()`, where it does not count.
    """

    def __init__(self) -> None:
        self.rows: Array | None = None
        self.count = 0
        self.in_test_mode = False
        self._latest: dict[int, int] = {}  # by batch size: `count` at the last batch of that size

    def add(self, rows: Array) -> None:
        """Enter the indexes of a batch."""
        self.rows = rows
        self.count += 1
        self.in_test_mode = False
        self._latest[len(rows)] = self.count

    def lengths(self, since: int) -> set[int]:
        """Sizes of the batches after the first `since`; if there are none, the size of the last batch."""
        found = {n for n, count in self._latest.items() if count > since}
        return found or (set() if self.rows is None else {len(self.rows)})


class Communicator:
    """The processes of a job; `parallel.world()` returns it.

    Args:
        mpi: mpi4py's communicator; None for a single process without MPI.

    Attributes:
        rank: number of this process, from 0 to `size - 1`.
        size: number of processes.
        mpi: as given.

    Example:
        >>> comm = Communicator()
        >>> comm.rank, comm.size, comm.sum(2.5)
        (0, 1, 2.5)
    """

    def __init__(self, mpi: Any = None) -> None:
        self.mpi = mpi
        self.rank: int = 0 if mpi is None else mpi.rank
        self.size: int = 1 if mpi is None else mpi.size
        self.batches = Batches()
        self._sums = np.zeros(2 * (2 + CHECKSUMS), np.int64)  # of the last check

    def __repr__(self) -> str:
        return f"<rank {self.rank} of {self.size}>"

    def sum(self, value: float) -> float:
        """Sum of a number over all processes, such as of a loss or of correct answers.

        Args:
            value: a number, or a 0-d array or Variable.

        Returns:
            The sum, the same in each process.

        Raises:
            TypeError, ValueError: `value` is not a number.
            RuntimeError: a process has ended, or does something else.
        """
        own = float(value)
        if self.size == 1:
            return own
        self.check_call("Communicator.sum")
        return float(self.mpi.allreduce(own))

    def check_call(self, function: str, *checksums: int) -> list[bool]:
        """Check that all processes make the same call; every exchange begins with this one.

        A process that ends takes part in it once more (`announce_end`), so that the others do not wait.

        Args:
            function: in which all processes must be.
            checksums: at most CHECKSUMS numbers from 0 to 2**26 - 1.

        Returns:
            For each checksum whether it is the same in all processes.

        Raises:
            RuntimeError: a process has ended, or is in another function.
        """
        import zlib  # here, since a single process does not need it

        ended, rank, *rest = self._reduce(0, zlib.crc32(function.encode()) >> 6, *checksums)
        if ended:
            names = f"rank {rank}" if ended == 1 else f"{ended} of {self.size} processes"
            raise RuntimeError(
                f"{names} ended while rank {self.rank} is in {function}: "
                "all processes must make the same calls"
            )
        # Numbers are equal if and only if their variance is 0.
        same = [self.size * square == total**2 for total, square in zip(rest[::2], rest[1::2], strict=True)]
        if not same[0]:
            functions = enumerate(self.mpi.allgather(function))
            raise RuntimeError(
                "all processes must make the same calls, but "
                + ", ".join(f"rank {rank} is in {other}" for rank, other in functions)
            )
        return same[1 : 1 + len(checksums)]

    def announce_end(self) -> None:
        """Take part in the check that others make, or in that of their end."""
        self._reduce(1)

    def _reduce(self, ended: int, *values: int) -> list[int]:
        """Sums over the processes: how many end, their ranks, each value and its square.

        Once a process has ended, nothing more is exchanged: the sums stay the last ones.
        """
        if not self._sums[0]:
            sent = np.zeros_like(self._sums)
            powers = (power for value in values for power in (value, value * value))
            sent[: 2 + 2 * len(values)] = ended, ended * self.rank, *powers
            self.mpi.Allreduce(sent, self._sums)  # in place: an interrupt may come before it returns
        return self._sums.tolist()


class Scattered:
    """A dataset of which each process reads a share; `parallel.scatter` returns it.

    By itself it is every size-th example, from the rank on. A DataLoader reads `whole` instead: all processes
    draw the same order of all examples, and each takes its share of every batch.

    Args:
        dataset: Dataset or sequence of pairs (example, label).
        comm: the processes.

    Attributes:
        whole: the dataset.

    Example:
        >>> share = Scattered([(0.5, 0), (1.5, 1), (2.5, 0)], Communicator())
        >>> len(share), share[-1]
        (3, (2.5, 0))
    """

    def __init__(self, dataset: Examples, comm: Communicator) -> None:
        self.whole = dataset
        self.comm = comm

    def __len__(self) -> int:
        return len(range(self.comm.rank, len(self.whole), self.comm.size))

    def __getitem__(self, index: SupportsIndex) -> Any:
        """The example at an index of this process's share."""
        return self.whole[range(self.comm.rank, len(self.whole), self.comm.size)[operator.index(index)]]

    def share(self, rows: Array) -> Array:
        """This process's indexes of a batch of all processes.

        If there are fewer examples than processes, a process without one takes the whole batch, so that it
        takes part in the update; its gradients have weight 0. In `test_mode()` and `no_grad()` it takes
        none, and the batch does not count as one of an update.
        """
        own = rows[self.comm.rank :: self.comm.size]
        if not _is_training():
            self.comm.batches.in_test_mode = Config.enable_backprop
            return own
        self.comm.batches.add(rows)
        return own if len(own) else rows

    def end(self) -> None:
        """Note the end of an epoch."""
        self.comm.batches.in_test_mode = False
        if _is_training():
            self.comm.batches.rows = None


def _is_training() -> bool:
    return Config.train and Config.enable_backprop
