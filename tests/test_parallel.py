import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import parallel_job
import parallel_training
import pytest

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import DataLoader, checkpoint, datasets, optimizers, parallel
from pyconvlite._processes import Scattered
from pyconvlite.models import Sequential

ALONE = parallel.world()
LAUNCHERS = "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS"


@pytest.fixture
def world(monkeypatch):
    """`parallel.world`, as if called first, with no launcher and no mpi4py."""
    for name in LAUNCHERS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    return parallel.world.__wrapped__


# ----------------------------------------------------------------------------------------------- one process


def test_one_process_needs_no_mpi(world):
    comm = world()
    assert (comm.rank, comm.size, comm.mpi) == (0, 1, None)
    assert repr(comm) == "<rank 0 of 1>"
    assert parallel.world() is parallel.world()


@pytest.mark.parametrize("name", LAUNCHERS)
def test_several_processes_without_mpi4py_are_refused(world, monkeypatch, name):
    monkeypatch.setenv(name, "4")
    with pytest.raises(
        ModuleNotFoundError, match=rf"started 4 processes \({name}=4\).*pip install mpi4py mpich"
    ):
        world()


@pytest.mark.parametrize("size", ["1", "", "many"])
def test_launcher_with_one_process(world, monkeypatch, size):
    monkeypatch.setenv("PMI_SIZE", size)
    assert world().size == 1


def test_an_mpi4py_without_mpi_is_refused(world, monkeypatch):
    class Broken:
        def __getattr__(self, name):
            raise RuntimeError("cannot load MPI library")

    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setitem(sys.modules, "mpi4py", Broken())
    with pytest.raises(RuntimeError, match=r"pip install mpich.*\(cannot load MPI library\)"):
        world()


def test_one_process_trains_as_without_the_module():
    results = parallel_training.train(ALONE, np.float32, parallel_training.momentum)
    pyconvlite.seed(7)
    model = Sequential(L.Conv2d(3, 3), F.relu, F.flatten, L.Linear(3))
    optimizer = parallel_training.momentum().setup(model)
    schedule = optimizers.CosineLR(optimizer, 20)
    data = list(zip(parallel_training.X.astype(np.float32), parallel_training.T, strict=True))
    loader = DataLoader(data, parallel_training.BATCH)
    parallel_training.learn(model, optimizer, schedule, loader)
    for name, param in model.named_params():
        np.testing.assert_array_equal(param.data, results[name])
    assert optimizer.lr == results["lr"]


@pytest.mark.cpython
def test_documented_script_in_one_process(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "MNIST", None)  # the job sets it
    monkeypatch.chdir(tmp_path)
    parallel_job.script(ALONE, tmp_path)


def test_checkpoints_equal_those_of_several_processes():
    """A checkpoint names the optimizer's hooks, so that the same script reads it."""
    model = L.Linear(2, in_size=2)
    optimizer = parallel.Optimizer(optimizers.Adam(), ALONE).setup(model)
    file = io.BytesIO()
    checkpoint.save(file, model=model, optimizer=optimizer)
    with zipfile.ZipFile(file) as archive:
        objects = json.loads(archive.read("checkpoint.json"))["objects"]
    assert objects["optimizer/hooks/0"] == {"kind": "Average", "values": {}}
    assert checkpoint.load(file, model=model, optimizer=optimizer).step == 0


def test_gradients_are_averaged_before_hooks_see_them():
    optimizer = optimizers.SGD()
    clip = optimizers.ClipGrad(1.0)
    optimizer.add_hook(clip)
    assert parallel.Optimizer(optimizer, ALONE) is optimizer
    assert optimizer.hooks[1:] == [clip]
    with pytest.raises(ValueError, match="optimizer already averages"):
        parallel.Optimizer(optimizer, ALONE)


def test_hook_may_set_a_missing_gradient():
    linear = L.Linear(1, in_size=1, nobias=True)
    before = linear.W.item()
    optimizer = optimizers.SGD(1.0).setup(linear)
    optimizer.add_hook(lambda params: setattr(linear.W, "grad", pyconvlite.Variable(np.ones((1, 1), "f"))))
    optimizer.update()
    assert linear.W.item() == np.float32(before - 1)

    def fails(params):
        raise RuntimeError

    linear.cleargrads()
    optimizer.add_hook(fails)
    with pytest.raises(RuntimeError):
        optimizer.update()
    assert linear.W.grad is None


def test_invalid_arguments_are_named():
    with pytest.raises(TypeError, match="comm must be what"):
        parallel.broadcast(L.Linear(1), None)
    with pytest.raises(TypeError, match="model must be a Layer or Model; got list"):
        parallel.broadcast([], ALONE)
    with pytest.raises(TypeError, match="optimizer must be an Optimizer; got Linear"):
        parallel.Optimizer(L.Linear(1), ALONE)
    with pytest.raises(TypeError, match="dataset must have __len__ and __getitem__"):
        parallel.scatter(iter([]), ALONE)
    with pytest.raises(TypeError, match=r"call parallel\.scatter once"):
        parallel.scatter(Scattered([], ALONE), ALONE)
    with pytest.raises(TypeError, match="comm must be"):
        parallel.scatter([], 3)
    with pytest.raises(TypeError, match="comm must be"):
        parallel.Optimizer(optimizers.SGD(), 3)


# -------------------------------------------------------------------------------------------- three processes


def job(case, folder):
    """Run a case of parallel_job.py in three processes."""
    mpiexec = Path(sys.executable).with_name("mpiexec")
    command = [mpiexec, "-n", "3", sys.executable, "-W", "error", parallel_job.__file__, case, folder]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, env=environment, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The job that is killed, then the checks, which resume it."""
    folder = tmp_path_factory.mktemp("parallel")
    return SimpleNamespace(folder=folder, killed=job("killed", folder), checks=job("checks", folder))


@pytest.mark.cpython
@pytest.mark.parametrize("name", [check.__name__ for check in parallel_job.CHECKS])
def test_in_three_processes(run, name):
    done = run.checks
    assert f"passed: {name} " in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.cpython
@pytest.mark.parametrize("name", parallel_training.TRAININGS)
def test_weights_equal_those_of_one_process(run, name):
    dtype, optimizer = parallel_training.TRAININGS[name]
    one = parallel_training.train(ALONE, dtype, optimizer, 3 * parallel_training.BATCH)
    three = np.load(run.folder / f"{name}.npz")
    assert one.keys() == set(three.files)
    for key, value in one.items():
        # A gradient's sum is rounded in another order: some units in the last place of weights below 1.
        np.testing.assert_allclose(three[key], value, rtol=0, atol=1e-6 if dtype == np.float32 else 1e-13)


@pytest.mark.cpython
def test_a_killed_process_ends_the_job(run):
    done = run.killed
    assert done.returncode != 0
    assert "Killed (signal 9)" in done.stdout + done.stderr


@pytest.mark.cpython
def test_resumed_job_is_bit_identical(run):
    with (
        zipfile.ZipFile(run.folder / "whole.npz") as whole,
        zipfile.ZipFile(run.folder / "killed.npz") as resumed,
    ):
        assert whole.namelist() == resumed.namelist()
        for name in whole.namelist():
            assert whole.read(name) == resumed.read(name), name


@pytest.mark.cpython
@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("raising", r"ValueError: what went wrong\nrank 1 of 3 failed, and ends all"),
        ("leaving", r"RuntimeError: rank 1 ended while rank \d is in Communicator.sum: all processes must"),
    ],
)
def test_failing_or_exiting_process_ends_the_others(tmp_path, case, message):
    done = job(case, tmp_path)
    assert done.returncode != 0
    assert re.search(message, done.stderr), done.stderr
    # Tracebacks of several processes do not mix.
    assert not re.search(r"\S.*Traceback|Error.*Error: ", done.stderr), done.stderr


@pytest.mark.cpython
@pytest.mark.parametrize(
    ("case", "rank_1"), [("caught", "what went wrong"), ("interrupted", "KeyboardInterrupt")]
)
def test_processes_that_catch_their_errors_end(tmp_path, case, rank_1):
    """None waits for the others, which have left."""
    done = job(case, tmp_path)
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"rank 1 ends: {rank_1}" in done.stdout
    assert done.stdout.count(" ends: ") == 3


@pytest.mark.cpython
def test_the_launcher_of_another_mpi_is_refused():
    done = subprocess.run(
        [sys.executable, "-c", "from pyconvlite import parallel; parallel.world()"],
        capture_output=True,
        text=True,
        env=os.environ | {"OMPI_COMM_WORLD_SIZE": "4"},
        check=False,
    )
    assert done.returncode != 0
    assert (
        "the launcher started 4 processes (OMPI_COMM_WORLD_SIZE=4), but each is alone in MPICH" in done.stderr
    )
