"""What parallel_job.py trains in several processes, and test_parallel.py in one."""

import os
import signal

import numpy as np

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import DataLoader, checkpoint, datasets, no_grad, optimizers, parallel, test_mode
from pyconvlite.models import Sequential

BATCH = 4  # in each of three processes: 12 together, which leaves 2 of the 50 examples for the last update
DRAW = np.random.default_rng(0)
X, T = DRAW.standard_normal((50, 1, 6, 6)), DRAW.integers(0, 3, 50)


def momentum():
    optimizer = optimizers.MomentumSGD(0.1)
    optimizer.add_hook(optimizers.ClipGrad(0.3))
    optimizer.add_hook(optimizers.WeightDecay(0.01))
    return optimizer


# By name: dtype, optimizer.
TRAININGS = {
    "float32": (np.float32, momentum),
    "float64": (np.float64, momentum),
    "adam": (np.float64, optimizers.Adam),
}


def learn(model, optimizer, schedule, loader):
    """Train for two epochs."""
    for _ in range(2):
        for x, t in loader:
            loss = F.softmax_cross_entropy(model(x), t)
            model.cleargrads()
            loss.backward()
            optimizer.update()
            schedule.step()


def train(comm, dtype, make_optimizer, batch_size=BATCH):
    """Train for two epochs; return the weights, the mean loss over all examples and the learning rate."""
    pyconvlite.seed(7)
    net = Sequential(L.Conv2d(3, 3, dtype=dtype), F.relu, F.flatten, L.Linear(3, dtype=dtype))
    model = parallel.broadcast(net, comm)
    optimizer = parallel.Optimizer(make_optimizer(), comm).setup(model)
    schedule = optimizers.CosineLR(optimizer, 20)
    data = datasets.ArrayDataset(X.astype(dtype), T)
    loader = DataLoader(parallel.scatter(data, comm), batch_size)
    learn(model, optimizer, schedule, loader)
    with no_grad(), test_mode():
        tests = DataLoader(parallel.scatter(data, comm), 8, shuffle=False)
        losses = [F.softmax_cross_entropy(model(x), t).item() * len(t) for x, t in tests]
    weights = {name: param.data for name, param in model.named_params()}
    assert all(w.dtype == dtype for w in weights.values())
    return {**weights, "loss": comm.sum(sum(losses)) / len(data), "lr": optimizer.lr}


def agree(comm, values):
    """Assert that all processes have the same bits."""
    for name, value in values.items():
        for other in comm.mpi.allgather(np.asarray(value)):
            np.testing.assert_array_equal(value, other, err_msg=name)


def updates(comm, path, die_at=None):
    """Ten updates with a checkpoint after each, on from the last checkpoint."""
    pyconvlite.seed(3)
    layers = L.Conv2d(2, 3), L.BatchNorm(), F.relu, F.flatten, L.Dropout(0.3), L.Linear(3)
    model = Sequential(*layers)
    model(X[:1].astype(np.float32))
    parallel.broadcast(model, comm)
    optimizer = parallel.Optimizer(optimizers.Adam(0.01), comm).setup(model)
    loader = DataLoader(parallel.scatter(list(zip(X.astype(np.float32), T, strict=True)), comm), BATCH)
    parts = {"model": model, "optimizer": optimizer, "loader": loader}
    step = checkpoint.load(path, **parts).step if path.exists() else 0
    comm.sum(0)  # all have read it before rank 0 writes the next one
    while step < 10:
        for x, t in loader:
            loss = F.softmax_cross_entropy(model(x), t)
            model.cleargrads()
            loss.backward()
            if step == die_at and comm.rank == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            optimizer.update()
            step += 1
            if comm.rank == 0:
                checkpoint.save(path, **parts, step=step)
    agree(comm, {name: param.data for name, param in model.named_params()})
