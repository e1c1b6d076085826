"""Data-parallel training on several machines or cores: each process has the model and a share of every batch.

The processes are those of MPI. A script of one process needs three changes, and MPI only where there are more
than one::

    comm = parallel.world()
    model = parallel.broadcast(LeNet(), comm)
    optimizer = parallel.Optimizer(Adam(), comm).setup(model)
    for x, t in DataLoader(parallel.scatter(train, comm), batch_size=64):
        ...
        optimizer.update()

`mpiexec -n 4 python train.py` then computes what one process computes with batches of 256 (4 x 64), up to
rounding. The learning rate stays as it is. See docs/parallel.md.

All processes run the same script and make the same calls of this module. If one of them raises an error, ends
early or is killed, the others end as well.
"""

from __future__ import annotations

import atexit
import contextlib
import copyreg
import functools
import io
import itertools
import operator
import os
import stat
import sys
import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TextIO, TypeVar

import numpy as np

from . import optimizers
from ._agreement import (
    crc_of,
    fits,
    form_of,
    refuse_other_models,
    refuse_other_settings,
    refuse_other_weights,
    settings_of,
    weights_of,
)
from ._arguments import Examples, examples
from ._processes import Communicator, Scattered
from ._random import rng
from ._shapes import Array
from .autograd import Parameter
from .layers import Layer
from .layers.walk import is_statistic, walk
from .optimizers.base import gradient
from .optimizers.hooks import set_gradient

__all__ = ["Communicator", "Optimizer", "broadcast", "scatter", "world"]

M = TypeVar("M", bound=Layer)
Opt = TypeVar("Opt", bound=optimizers.Optimizer)
# What launchers set to the number of processes: MPICH and Intel MPI, Open MPI, MVAPICH2, Slurm's srun.
_SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS")


# ------------------------------------------------------------------------------------------------------ world


@functools.cache
def world() -> Communicator:
    """The processes that `mpiexec` started, or this one alone where none did.

    Needs mpi4py only under a launcher of MPI. From then on, an error in one process ends all.

    Returns:
        The processes, the same object at each call.

    Raises:
        ModuleNotFoundError: a launcher started several processes, but mpi4py is not installed.
        RuntimeError: mpi4py finds no MPI, or one other than the launcher's.

    Example:
        >>> comm = world()
        >>> comm.rank, comm.size
        (0, 1)
    """
    started, variable = _started(os.environ)
    if not variable and "mpi4py" not in sys.modules:
        return Communicator()
    try:
        from mpi4py import MPI
    except ModuleNotFoundError as error:
        if started <= 1:
            return Communicator()
        raise ModuleNotFoundError(
            f"a launcher started {started} processes ({variable}={started}), which need mpi4py to train "
            "together: pip install mpi4py mpich, or mpi4py alone if an MPI is installed"
        ) from error
    except (ImportError, RuntimeError) as error:
        raise RuntimeError(
            f"mpi4py cannot load an MPI library: pip install mpich, or install another one ({error})"
        ) from error
    if MPI.COMM_WORLD.size == 1 < started:
        raise RuntimeError(
            f"the launcher started {started} processes ({variable}={started}), but each is alone in "
            f"{MPI.Get_library_version().splitlines()[0]}: start them by the mpiexec of that MPI"
        )
    comm = Communicator(MPI.COMM_WORLD.Dup())
    if comm.size > 1:
        _end_together(comm)
    return comm


copyreg.pickle(Communicator, lambda comm: (world, ()))  # also for copy.deepcopy of an optimizer


def _started(environment: Mapping[str, str]) -> tuple[int, str]:
    """How many processes a launcher started, and the variable that says so; 1 and "" if there was none."""
    sizes = [(int(environment[name]), name) for name in _SIZES if environment.get(name, "").isdecimal()]
    return max(sizes, default=(1, ""))


def _end_together(comm: Communicator) -> None:
    """End all processes with an error in one, and tell the others when this one ends."""
    from mpi4py import MPI

    show, process = sys.excepthook, os.getpid()

    def end_all(*error: Any) -> None:
        with contextlib.redirect_stderr(io.StringIO()) as traceback:
            show(*error)
        # In one call, or the launcher would mix the output of several processes.
        sys.stderr.write(f"{traceback.getvalue()}rank {comm.rank} of {comm.size} failed, and ends all\n")
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            _wait_until_read(stream)
        MPI.COMM_WORLD.Abort(1)

    def announce_end() -> None:
        if os.getpid() == process and not MPI.Is_finalized():  # not in a forked child
            comm.announce_end()

    sys.excepthook = end_all
    atexit.register(announce_end)


def _wait_until_read(stream: TextIO) -> None:
    """Wait, at most a second, until the launcher has read the output: at an abort it drops the rest."""
    try:
        import fcntl
        import termios

        status = os.fstat(stream.fileno())
        if not stat.S_ISFIFO(status.st_mode):
            return
        end = time.monotonic() + 1
        while time.monotonic() < end and any(fcntl.ioctl(stream.fileno(), termios.FIONREAD, bytes(4))):
            time.sleep(0.001)
    except (ImportError, OSError):
        pass  # Windows has no fcntl, and a stream need not be a file


# -------------------------------------------------------------------------------- the same model, split data


def broadcast(model: M, comm: Communicator) -> M:
    """Give the models of all processes the Parameters of rank 0's, running statistics included.

    Parameters that take their size from the first input get data then: for that, the package's generator is
    set to the state that it has in rank 0.

    Args:
        model: Layer or Model, made in the same way in all processes.
        comm: the processes.

    Returns:
        The model.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: the model of a process has other Parameters than rank 0's.
        RuntimeError: a process has ended, or does something else.

    Example:
        >>> from pyconvlite.layers import Linear
        >>> linear = broadcast(Linear(3, in_size=2), world())
        >>> linear.W.shape
        (2, 3)
    """
    _check(comm)
    if not isinstance(model, Layer):
        raise TypeError(f"model must be a Layer or Model; got {type(model).__name__}")
    if comm.size == 1:
        return model
    params = model._all_params()
    comm.check_call("parallel.broadcast")
    forms = comm.mpi.allgather({name: form_of(param) for name, param in params.items()})
    refuse_other_models(forms, fits)
    _share_generator(comm)
    for name, param in params.items():
        shape, dtype, has_data, _ = forms[0][name]
        if has_data:
            data = np.array(param.data) if comm.rank == 0 else np.empty(shape, dtype)
            comm.mpi.Bcast(data.reshape(-1).view(np.uint8))  # MPI has no float16
            param.data = data
    return model


def scatter(dataset: Examples, comm: Communicator) -> Examples:
    """Share a dataset among the processes, for a DataLoader.

    In each batch of the DataLoader, each process gets `batch_size` examples of its own. All draw the same
    order, so that an epoch has each example once. In the last batch the processes may have different numbers
    of examples, and `Optimizer` weighs their gradients accordingly: by the last batch that was taken, so use
    each before taking the next, and do not keep batches for another epoch.

    Args:
        dataset: Dataset or sequence of pairs (example, label), the same in all processes.
        comm: the processes.

    Returns:
        The dataset itself if there is one process. Otherwise this process's examples, of which the number may
        differ by one: every `comm.size`-th, as long as no DataLoader shuffles.

    Raises:
        TypeError: an argument has the wrong type, or `dataset` is a share already.

    Example:
        >>> from pyconvlite import DataLoader
        >>> train = scatter([(0.5, 0), (1.5, 1), (2.5, 0)], world())
        >>> len(DataLoader(train, batch_size=2))
        2
    """
    _check(comm)
    if isinstance(dataset, Scattered):
        raise TypeError("dataset is a share already: call parallel.scatter once")
    return Scattered(examples(dataset), comm) if comm.size > 1 else examples(dataset)


# -------------------------------------------------------------------------------------------------- optimizer


def Optimizer(optimizer: Opt, comm: Communicator) -> Opt:
    """Make an optimizer average the gradients over all processes before each update.

    The average is the gradient of the mean loss over the batches of all processes, if each process computes
    the mean over its own. Running statistics (BatchNorm) are averaged as well. The optimizer's hooks, such as
    ClipGrad, see the averaged gradients. A Parameter without a gradient in some processes counts as one with
    zeros there; one that has a gradient in none is left unchanged, and takes no time.

    Args:
        optimizer: any optimizer, before or after `setup`; schedules and checkpoints take it as before.
        comm: the processes.

    Returns:
        The optimizer itself. At an update it raises a ValueError if the model, its weights or the optimizer
        differ between the processes, or a RuntimeError if they take different batches or one in
        `test_mode()`, if gradients were accumulated of batches in which they have different shares, or if a
        process has ended.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: the optimizer already averages.

    Example:
        >>> from pyconvlite.layers import Linear
        >>> from pyconvlite.optimizers import SGD
        >>> optimizer = Optimizer(SGD(lr=0.1), world()).setup(Linear(3, in_size=2))
    """
    _check(comm)
    if not isinstance(optimizer, optimizers.Optimizer):
        raise TypeError(f"optimizer must be an Optimizer; got {type(optimizer).__name__}")
    if any(isinstance(hook, Average) for hook in optimizer.hooks):
        raise ValueError("optimizer already averages: call parallel.Optimizer once")
    optimizer.hooks.insert(0, Average(optimizer, comm))
    return optimizer


class Average:
    """The hook that `Optimizer` adds: average gradients and running statistics over the processes.

    Args:
        optimizer: the optimizer whose model it is.
        comm: the processes.

    Example:
        >>> from pyconvlite.layers import Linear
        >>> from pyconvlite.optimizers import SGD
        >>> linear = Linear(1, in_size=1)
        >>> Average(SGD().setup(linear), world())(linear.params())  # changes nothing: there is one process
    """

    _not_saved = ("checked", "batches")  # in a checkpoint: they are of this job

    def __init__(self, optimizer: optimizers.Optimizer, comm: Communicator) -> None:
        self.optimizer = optimizer
        self.comm = comm
        self.checked: Layer | None = None  # the model whose weights are known to be equal
        self.batches = comm.batches.count  # at the last update

    def __call__(self, params: Iterable[Parameter]) -> None:
        """Replace gradients and running statistics."""
        comm, target = self.comm, self.optimizer.target
        if comm.size == 1 or target is None:
            return
        found = [
            (name, node, is_statistic(name, owner))
            for name, node, owner in walk(target)
            if isinstance(node, Parameter)
        ]
        self._check_step({id(param) for param in params}, {id(param) for _, param, _ in found})
        forms = {name: form_of(param) for name, param, _ in found}
        settings = settings_of(self.optimizer)
        weights = {} if self.checked is target else weights_of(found, self.optimizer)
        gradients = [name for name, param, _ in found if param.grad is not None]
        statistics = [param.data for _, param, fixed in found if fixed]
        lengths, self.batches = comm.batches.lengths(self.batches), comm.batches.count

        same_model, same_gradients, same_batch, same_generator, same_statistics = comm.check_call(
            "update",
            crc_of(repr((forms, settings, weights))),
            crc_of(repr(gradients)),
            crc_of(comm.batches.rows),
            crc_of(repr(_state())),
            crc_of(repr([*map(crc_of, statistics)])),
        )
        if not same_model:
            refuse_other_models(comm.mpi.allgather(forms), operator.eq)
            refuse_other_settings(comm.mpi.allgather(settings))
        if not same_batch:
            raise RuntimeError(
                "the processes take different batches: make the same DataLoader of the same dataset in each, "
                "call parallel.broadcast before its first batch, and give it a seed if a process draws other "
                "random numbers than the rest between two epochs"
            )
        if not same_model:  # last: weights that are drawn after other batches differ as well
            refuse_other_weights(comm.mpi.allgather(weights))
        self.checked = target
        if not same_gradients:
            gradients = list(itertools.chain.from_iterable(comm.mpi.allgather(gradients)))
        if not same_generator:
            _share_generator(comm)
        chosen = {name for name, _, fixed in found if fixed and not same_statistics}.union(gradients)
        self._average([(p, fixed) for name, p, fixed in found if name in chosen], self._weight(lengths))

    def _check_step(self, updated: set[int], of_model: set[int]) -> None:
        """Refuse an update that this process should not make.

        Raises:
            ValueError: not all ids of the updated Parameters are of the model's.
            RuntimeError: the batch was taken in `test_mode()`.
        """
        if not updated <= of_model:
            raise ValueError(
                "the optimizer updates Parameters that named_params() of its model lacks: keep layers in "
                "attributes, lists, tuples or dicts of the model, and copy an optimizer by copy.deepcopy"
            )
        batches = self.comm.batches
        if batches.in_test_mode and batches.count == self.batches:
            raise RuntimeError(
                "the batch was taken in test_mode(), where batches do not count for an update: call only the "
                "model in test_mode(), and take validation batches in no_grad()"
            )

    def _weight(self, lengths: Collection[int]) -> float:
        """The weight of this process's gradients: its share of the examples.

        Raises:
            RuntimeError: batches with different shares were accumulated.
        """
        rank, size = self.comm.rank, self.comm.size
        uneven = {n for n in lengths if n % size}
        if len(uneven) > 1 or (uneven and len(uneven) < len(lengths)):
            raise RuntimeError(
                f"batches of {' and '.join(map(str, sorted(lengths)))} examples were taken since the last "
                f"update, in which {size} processes have different shares: update before the last, shorter "
                "batch of an epoch, or leave it out; take validation batches in no_grad() or test_mode()"
            )
        n = next(iter(uneven), size)
        return len(range(rank, n, size)) / n

    def _average(self, chosen: Iterable[tuple[Parameter, bool]], weight: float) -> None:
        """Replace gradients, and data of statistics, by their weighted sums over the processes."""
        from mpi4py import MPI

        parts: dict[str, list[tuple[Parameter, bool, Array]]] = {}  # by dtype
        for param, fixed in chosen:
            if param.data is not None:
                array = _summand(param, fixed)
                parts.setdefault(str(array.dtype), []).append((param, fixed, array))
        for part in parts.values():
            buffer = np.concatenate([array.reshape(-1) for *_, array in part])
            if weight:
                buffer *= buffer.dtype.type(weight)
            else:  # this process had no examples of its own: 0 * NaN would be NaN
                buffer[...] = 0
            self.comm.mpi.Allreduce(MPI.IN_PLACE, buffer)
            end = 0
            for param, fixed, array in part:
                start, end = end, end + array.size
                mean = buffer[start:end].reshape(array.shape)
                if fixed:
                    param.data = mean.astype(param.dtype)
                else:
                    set_gradient(param, mean)


# ----------------------------------------------------------------------------------------------- what is sent


def _check(comm: Communicator) -> None:
    if not isinstance(comm, Communicator):
        raise TypeError(f"comm must be what parallel.world() returns; got {type(comm).__name__}")


def _summand(param: Parameter, fixed: bool) -> Array:
    """What is summed of a Parameter: the data of a statistic, else the gradient; float32 for float16."""
    if fixed or param.grad is None:
        dtype = np.promote_types(param.dtype, np.float32)
        return param.data.astype(dtype) if fixed else np.zeros(param.shape, dtype)
    return gradient(param)


def _state() -> Any:
    """State of the package's generator."""
    return rng().bit_generator.state


def _share_generator(comm: Communicator) -> None:
    """Set the package's generator to the state that it has in rank 0, so that all draw the same."""
    rng().bit_generator.state = comm.mpi.bcast(_state())
