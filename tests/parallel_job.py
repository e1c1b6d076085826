"""What test_parallel.py runs in several processes: `mpiexec -n 3 python parallel_job.py CASE FOLDER`."""

import copy
import itertools
import os
import pickle
import re
import signal
import sys
import time
from pathlib import Path

import numpy as np
from parallel_training import DRAW, TRAININGS, agree, train, updates

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import (
    DataLoader,
    SeqDataLoader,
    Variable,
    datasets,
    no_grad,
    optimizers,
    parallel,
    test_mode,
)
from pyconvlite.models import MLP, Sequential


def error_of(kind, f, *args):
    """The message of the error that a call must raise."""
    try:
        f(*args)
    except kind as error:
        return str(error)
    raise AssertionError(f"{f} raised no {kind.__name__}")


# ----------------------------------------------------------------------------------- checks, all in one job


def trainings(comm, folder):
    """What the test compares with one process."""
    for name, (dtype, make_optimizer) in TRAININGS.items():
        results = train(comm, dtype, make_optimizer)
        agree(comm, results)
        if comm.rank == 0:
            np.savez(folder / f"{name}.npz", **results)


def gradients(comm, folder):
    """Gradients missing in some processes, in all, of frozen Parameters; float16; several optimizers."""
    for dtype in (np.float16, np.float32, np.float64):
        model = parallel.broadcast(MLP((2, 2, 2, 2)), comm)
        for param in model.params():
            param.data = np.zeros(4 if param.name == "b" else (2, 3), dtype)
        first, some, frozen, _ = (layer.W for layer in model.layers)
        frozen.requires_grad = False
        optimizer = parallel.Optimizer(optimizers.SGD(1.0), comm).setup(model)
        first.grad = Variable(np.full((2, 3), comm.rank, dtype))
        if comm.rank == 1:
            some.grad = Variable(np.full((2, 3), 3.0, dtype))
        optimizer.update()
        assert (first.data == -1).all()  # the mean of 0, 1, 2
        assert (some.data == -1).all()  # of 0, 3, 0
        assert first.grad.dtype == some.grad.dtype == first.dtype == dtype
        others = [p for p in model.params() if p is not first and p is not some]
        assert all(p.grad is None and not p.data.any() for p in others)
        second = parallel.Optimizer(optimizers.Adam(0.5), comm).setup(model.layers[0])
        second.update()
        np.testing.assert_allclose(first.data, -1.5, rtol=1e-3)


def statistics(comm, folder):
    """Running statistics are averaged, too; a process without examples has no weight."""
    model = parallel.broadcast(Sequential(L.BatchNorm(1, dtype=np.float64, decay=0.5)), comm)
    bn = model.layers[0]
    optimizer = parallel.Optimizer(optimizers.SGD(0.0), comm).setup(model)
    data = [(np.array([v]), 0) for v in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)]
    for x, _ in DataLoader(parallel.scatter(data, comm), 2, shuffle=False):
        y = model(x)
        F.sum(y).backward()
        optimizer.update()
        model.cleargrads()
    # 1 and 8, 2 and 16, 4 and 32 have the means 4.5, 9, 18; then rank 0 has 64, rank 1 has 128.
    first = 0.5 * np.mean([4.5, 9, 18])
    agree(comm, {"mean": bn.avg_mean.data, "var": bn.avg_var.data})
    np.testing.assert_allclose(bn.avg_mean.data, 0.5 * first + 0.5 * np.mean([64, 128]))


def weightless(comm, folder):
    """A process without examples does not affect the average, even if its gradient is NaN."""
    model = parallel.broadcast(L.Linear(1, in_size=1, nobias=True), comm)
    before = model.W.item()
    optimizer = parallel.Optimizer(optimizers.SGD(1.0), comm).setup(model)
    for x, _ in DataLoader(parallel.scatter([(np.ones(1, np.float32), 0)], comm), 5):
        factor = 1.0 if comm.rank == 0 else np.nan
        (F.sum(model(x)) * factor).backward()
        optimizer.update()
    assert model.W.item() == np.float32(before - 1)


def accumulated(comm, folder):
    """Weights of gradients that are accumulated over batches; validation in between does not count."""
    x = DRAW.standard_normal((8, 2)).astype(np.float32)
    data = [(row, 0) for row in x]
    for count, batch_size in ((8, 1), (6, 2)):  # 3, 3 and 2 examples; 6
        for several in (False, True):
            model = parallel.broadcast(L.Linear(1, in_size=2, nobias=True), comm)
            optimizer = parallel.Optimizer(optimizers.SGD(1.0), comm).setup(model)
            other = parallel.Optimizer(optimizers.SGD(1.0), comm).setup(L.Linear(1, in_size=2, nobias=True))
            expected = model.W.data[:, 0]
            for i, (own, _) in enumerate(
                DataLoader(parallel.scatter(data[:count], comm), batch_size, shuffle=False)
            ):
                model.cleargrads()
                F.mean(model(own)).backward()
                with no_grad():
                    list(DataLoader(parallel.scatter(data[:4], comm), 1))
                if several:
                    other.update()  # as of a second network, on the same batch
                optimizer.update()
                expected = expected - x[:count][3 * batch_size * i :][: 3 * batch_size].mean(axis=0)
                np.testing.assert_allclose(model.W.data[:, 0], expected, rtol=1e-5)
    loader = DataLoader(parallel.scatter(data, comm), 1, shuffle=False)
    model.cleargrads()
    for own, _ in loader:
        F.mean(model(own)).backward()
    before = model.W.data
    assert "batches of 2 and 3 examples were taken since the last update" in error_of(
        RuntimeError, optimizer.update
    )
    assert model.W.data is before
    model.cleargrads()
    for own, _ in DataLoader(parallel.scatter(data[:6], comm), 1, shuffle=False):
        F.mean(model(own) / 2).backward()
    optimizer.update()
    np.testing.assert_allclose(model.W.data[:, 0], before[:, 0] - x[:6].mean(axis=0), rtol=1e-5)


def frozen(comm, folder):
    """Running statistics that are the same in all processes keep every bit."""
    model = parallel.broadcast(Sequential(L.BatchNorm(5), L.Linear(1)), comm)
    for statistic in (model.layers[0].avg_mean, model.layers[0].avg_var):
        statistic.data = (np.arange(5, dtype=np.float32) + 1) / 7
    optimizer = parallel.Optimizer(optimizers.SGD(0.1), comm).setup(model)
    before = model.layers[0].avg_mean.data
    for _ in range(3):
        with test_mode():
            F.sum(model(np.ones((2, 5), np.float32))).backward()
        optimizer.update()
    np.testing.assert_array_equal(model.layers[0].avg_mean.data, before)


def broadcasts(comm, folder):
    """Rank 0's data and generator reach all; sizes that are not known yet come with the data."""
    pyconvlite.seed(comm.rank)
    sizes = {"in_size": 2} if comm.rank == 0 else {}
    dtypes = np.float16, np.float32, np.float64
    model = Sequential(*(L.Linear(2, dtype=dtype, **sizes) for dtype in dtypes), L.BatchNorm(), L.Linear(3))
    if comm.rank == 0:
        model.layers[3](np.ones((2, 2), np.float32))
    assert parallel.broadcast(model, comm) is model
    model.layers[4](np.ones((1, 2), np.float32))  # draws the same weights in all
    values = {name: param.data for name, param in model.named_params()}
    assert [values[f"layers/{i}/W"].dtype for i in range(3)] == list(dtypes)
    assert values["layers/3/avg_mean"].shape == (2,)
    agree(comm, {**values, "next": pyconvlite._random.rng().random()})


def refusals(comm, folder):
    """Other models, weights, batches and calls are refused in all processes, with the rank and the name."""
    last = comm.rank == 2

    def message(other, own):
        return error_of(ValueError, parallel.broadcast, other if last else own, comm)

    model = Sequential(L.Linear(2, in_size=3))
    assert "layers/0/W has shape (4, 2) and dtype float32 in rank 2, and has shape (3, 2) and" in message(
        Sequential(L.Linear(2, in_size=4)), model
    )
    assert "layers/0/b has shape (2,) and dtype float64 in rank 2" in message(
        Sequential(L.Linear(2, in_size=3, dtype=np.float64)), model
    )
    assert "rank 2 has no Parameter layers/0/b" in message(
        Sequential(L.Linear(2, in_size=3, nobias=True)), model
    )
    assert "rank 2 has a Parameter layers/1/W, rank 0 none" in message(
        Sequential(L.Linear(2, in_size=3), L.Linear(2)), model
    )
    assert "layers/0/W has shape (3, 2) and dtype float32 in rank 2, and has shape (None, 2)" in message(
        model, Sequential(L.Linear(2))
    )
    a, b = L.Linear(2, in_size=2), L.Linear(2, in_size=2)
    assert "rank 2 has its Parameters in another order" in message(
        Sequential({"b": b, "a": a}), Sequential({"a": a, "b": b})
    )

    def update(model):
        optimizer = parallel.Optimizer(optimizers.SGD(1.0), comm).setup(model)
        before = {name: param.data for name, param in model.named_params()}
        for param in model.params():
            param.grad = Variable(np.ones_like(param.data))
        try:
            optimizer.update()
        finally:
            assert all(before[name] is param.data for name, param in model.named_params())

    wider = Sequential(L.Linear(2, in_size=4))
    assert "layers/0/W has shape (4, 2)" in error_of(ValueError, update, wider if last else model)
    partly = Sequential(L.Linear(2, in_size=3))
    if last:
        partly.freeze("layers/0/b")
    for join in (update, lambda model: parallel.broadcast(model, comm)):
        assert (
            "layers/0/b has shape (2,) and dtype float32 and is frozen in rank 2, and has shape (2,) and"
            in (error_of(ValueError, join, partly))
        )
    pyconvlite.seed(comm.rank)
    assert "layers/0/W differs between rank 1 and rank 0; call the model once" in error_of(
        ValueError, update, Sequential(L.Linear(2, in_size=3))
    )
    parallel.broadcast(model, comm)
    data = parallel.scatter([(0, 0)] * 40, comm)
    for loader in (DataLoader(data, 3, seed=comm.rank), DataLoader(data, 3 + last, shuffle=False)):
        next(loader)
        assert "the processes take different batches" in error_of(RuntimeError, update, model)
    lazy = parallel.broadcast(Sequential(L.Linear(2)), comm)
    x, _ = next(DataLoader(parallel.scatter([(np.ones(3, np.float32), 0)] * (40 + last), comm), 3))
    lazy(x)  # draws its weights after the order of another number of examples
    assert "the processes take different batches" in error_of(RuntimeError, update, lazy)
    comm.batches.rows = None
    assert "rank 0 is in Communicator.sum, rank 1 is in Communicator.sum, rank 2 is in parallel." in (
        error_of(RuntimeError, parallel.broadcast, model, comm)
        if last
        else error_of(RuntimeError, comm.sum, 1)
    )


def other_optimizers(comm, folder):
    """Another kind, number or moment in one process, and Parameters that only params() finds."""
    last = comm.rank == 2

    def message(optimizer, resumed=False, make=Sequential):
        model = parallel.broadcast(make(L.Linear(2, in_size=3)), comm)
        parallel.Optimizer(optimizer.setup(model), comm)
        for param in model.params():
            param.grad = Variable(np.ones_like(param.data))
        if resumed:
            for memory in optimizer._memories().values():
                memory[model.layers[0].W] = np.full((3, 2), comm.rank, np.float32)
        return error_of(ValueError, optimizer.update)

    assert "SGD.lr is 0.2 in rank 2 and 0.1 in rank 0" in message(optimizers.SGD(0.2 if last else 0.1))
    other = message(optimizers.SGD(0.1) if last else optimizers.Adam())
    assert "Adam.alpha is missing in rank 2 and 0.001 in rank 0" in other
    clipped = optimizers.SGD(0.1)
    clipped.add_hook(optimizers.ClipGrad(1.0 + last))
    assert "ClipGrad.max_norm is 2.0 in rank 2 and 1.0 in rank 0" in message(clipped)
    moments = message(optimizers.MomentumSGD(0.1), resumed=True)
    assert "vs of layers/0/W differs between rank 1 and rank 0" in moments

    model = parallel.broadcast(Sequential(L.Linear(2, in_size=3)), comm)
    hidden = L.Linear(1, in_size=1)
    model.params = lambda: [*Sequential.params(model), hidden.W]
    hidden.W.grad = Variable(np.ones((1, 1), np.float32))
    optimizer = parallel.Optimizer(optimizers.SGD(0.1), comm).setup(model)
    assert "Parameters that named_params() of its model lacks" in error_of(ValueError, optimizer.update)


def copies(comm, folder):
    """A copy of an optimizer averages the gradients of its own model, or is refused."""
    optimizer = parallel.Optimizer(optimizers.SGD(1.0), comm).setup(L.Linear(1, in_size=1))
    model = parallel.broadcast(L.Linear(1, in_size=1, nobias=True), comm)
    for duplicate in (copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o)), copy.copy):
        copied = duplicate(optimizer).setup(model)
        model.W.data = np.zeros((1, 1), np.float32)
        model.W.grad = Variable(np.full((1, 1), comm.rank, np.float32))
        if duplicate is copy.copy:
            assert "copy an optimizer by copy.deepcopy" in error_of(ValueError, copied.update)
        else:
            copied.update()
            assert model.W.item() == -1


def in_test_mode(comm, folder):
    """Only validation batches may be taken in test mode; the model may be called in it, too."""
    model = parallel.broadcast(L.Linear(1, in_size=1), comm)
    optimizer = parallel.Optimizer(optimizers.SGD(0.1), comm).setup(model)
    share = parallel.scatter([(np.ones(1, np.float32), 0)] * 6, comm)

    def update(x):
        with test_mode():
            F.sum(model(x)).backward()
        optimizer.update()

    with test_mode():
        x, _ = next(DataLoader(share, 2))
    assert "the batch was taken in test_mode()" in error_of(RuntimeError, update, x)
    for x, _ in DataLoader(share, 2):
        with test_mode():
            next(DataLoader(share, 1))
        update(x)
    with test_mode():
        assert len(list(DataLoader(share, 2))) == 1
    update(np.ones((2, 1), np.float32))  # a batch without a DataLoader


def shares(comm, folder):
    """Each example is in one process's share, with and without a DataLoader; sequences continue in each."""
    data = [(i, -i) for i in range(8)]
    own = parallel.scatter(data, comm)
    assert list(own) == data[comm.rank :: 3]
    assert len(own) == len(data[comm.rank :: 3])
    assert own[-1] == data[comm.rank :: 3][-1]
    loader = DataLoader(own, 1)
    assert len(loader) == 3
    with test_mode():
        read = [int(i) for x, _ in loader for i in x]
    assert sorted(itertools.chain(*comm.mpi.allgather(read))) == list(range(8))
    assert len(list(loader)) == 3  # in training all take part in each update
    assert comm.batches.rows is None
    sequence = SeqDataLoader(parallel.scatter([(i, 0) for i in range(18)], comm), 2)
    parts = [x.tolist() for x, _ in sequence]
    assert parts == [[3 * comm.rank + i, 9 + 3 * comm.rank + i] for i in range(3)]


def generators(comm, folder):
    """An update synchronizes the package's generator, whatever was drawn before."""
    model = parallel.broadcast(L.Linear(1, in_size=1), comm)
    optimizer = parallel.Optimizer(optimizers.SGD(0.0), comm).setup(model)
    F.dropout(np.ones(comm.rank + 1))
    optimizer.update()
    agree(comm, {"next": pyconvlite._random.rng().random()})


def resumed(comm, folder):
    """An uninterrupted run, and the resumption of the one that was killed."""
    assert (folder / "killed.npz").exists()
    updates(comm, folder / "whole.npz")
    updates(comm, folder / "killed.npz")


def script(comm, folder):
    """The script of docs/parallel.md, on fewer images."""
    text = Path(__file__).parents[1].joinpath("docs/parallel.md").read_text("utf-8")
    (code,) = (block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "MNIST" in block)
    images = np.random.default_rng(0).random((50, 1, 28, 28), np.float32) * 255
    datasets.MNIST = lambda train, transform: datasets.ArrayDataset(images, np.arange(50) % 10, transform)
    os.chdir(folder)
    exec(compile(code, "docs/parallel.md", "exec"), {})
    comm.sum(0)
    assert Path("lenet.npz").exists()


CHECKS = (
    trainings,
    gradients,
    statistics,
    weightless,
    accumulated,
    frozen,
    broadcasts,
    refusals,
    other_optimizers,
    copies,
    in_test_mode,
    shares,
    generators,
    resumed,
    script,
)


def checks(comm, folder):
    for check in CHECKS:
        start = time.perf_counter()
        check(comm, folder)
        comm.sum(0)
        if comm.rank == 0:
            print(f"passed: {check.__name__} in {time.perf_counter() - start:.2f} s", flush=True)


# ---------------------------------------------------------------------------------------- jobs that are ended


def killed(comm, folder):
    updates(comm, folder / "killed.npz", die_at=7)


def raising(comm, folder):
    if comm.rank == 1:
        raise ValueError("what went wrong")
    comm.sum(1)


def leaving(comm, folder):
    if comm.rank == 1:
        sys.exit(0)
    comm.sum(1)


def caught(comm, folder):
    """Each process catches its error, and ends."""
    try:
        raising(comm, folder)
    except (ValueError, RuntimeError) as error:
        print(f"rank {comm.rank} ends: {error}", flush=True)
        sys.exit(3)


def interrupted(comm, folder):
    """As by Ctrl-C, which reaches all processes."""
    try:
        comm.sum(1)
        if comm.rank == 1:
            os.kill(os.getpid(), signal.SIGINT)
        comm.sum(1)
        os.kill(os.getpid(), signal.SIGINT)
        comm.sum(1)
    except (KeyboardInterrupt, RuntimeError) as error:
        print(f"rank {comm.rank} ends: {type(error).__name__}", flush=True)
        sys.exit(3)


if __name__ == "__main__":
    globals()[sys.argv[1]](parallel.world(), Path(sys.argv[2]))
