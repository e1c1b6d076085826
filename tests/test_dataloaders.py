import numpy as np
import pytest

import pyconvlite
from pyconvlite import DataLoader
from pyconvlite.backends import DeviceUnavailable
from pyconvlite.dataloaders import SeqDataLoader
from pyconvlite.datasets import Dataset


class Numbers(Dataset):
    """Ten numbers, each with its square."""

    def prepare(self):
        self.data = np.arange(10, dtype=np.float32)
        self.label = self.data.astype(int) ** 2


class Unlabelled(Numbers):
    def prepare(self):
        super().prepare()
        self.label = None


def epoch(loader):
    return [x.tolist() for x, _ in loader]


def test_last_batch_is_short():
    loader = DataLoader(Numbers(), 4, shuffle=False)
    batches = list(loader)
    assert [x.tolist() for x, _ in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert [t.tolist() for _, t in batches] == [[0, 1, 4, 9], [16, 25, 36, 49], [64, 81]]
    assert {(x.dtype, t.dtype) for x, t in batches} == {(np.dtype(np.float32), np.dtype(int))}


@pytest.mark.parametrize("shuffle", [True, False])
def test_dataset_is_indexed_by_python_integers(shuffle):
    class Kinds(Numbers):
        def __getitem__(self, i):
            return i, [type(i) is int]

    assert all(t.all() for _, t in DataLoader(Kinds(), 4, shuffle))
    assert all(t.all() for _, t in SeqDataLoader(Kinds(), 4))


@pytest.mark.parametrize(("batch_size", "batches"), [(1, 10), (5, 2), (9, 2), (10, 1), (11, 1)])
def test_length(batch_size, batches):
    loader = DataLoader(Numbers(), batch_size)
    assert len(loader) == loader.max_iter == batches == len(epoch(loader))
    assert (loader.batch_size, loader.data_size) == (batch_size, 10)


def test_shuffle_draws_a_new_order_each_epoch():
    pyconvlite.seed(0)
    loader = DataLoader(Numbers(), 4)
    epochs = [[number for batch in epoch(loader) for number in batch] for _ in range(3)]
    assert all(sorted(numbers) == list(range(10)) for numbers in epochs)
    assert len({tuple(numbers) for numbers in epochs}) == 3


def test_labels_stay_with_their_examples():
    for x, t in DataLoader(Numbers(), 3):
        np.testing.assert_array_equal(x**2, t)


def test_iteration_continues_after_a_break():
    loader = DataLoader(Numbers(), 4, shuffle=False)
    assert iter(loader) is loader
    for _ in loader:
        break
    assert loader.iteration == 1
    assert epoch(loader) == [[4, 5, 6, 7], [8, 9]]
    assert epoch(loader)[0] == [0, 1, 2, 3]


def test_reset_starts_an_epoch():
    loader = DataLoader(Numbers(), 4, shuffle=False)
    loader.next()
    loader.reset()
    assert loader.iteration == 0
    assert loader.next()[0].tolist() == [0, 1, 2, 3]


def test_next_raises_at_the_end_of_an_epoch():
    loader = DataLoader(Numbers(), 5, shuffle=False)
    assert [loader.next()[0].tolist() for _ in range(2)] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    with pytest.raises(StopIteration):
        loader.next()
    assert loader.next()[0].tolist() == [0, 1, 2, 3, 4]


def test_dataset_may_be_a_list_of_pairs():
    loader = DataLoader([([1.0, 2.0], 0), ([3.0, 4.0], 1)], 2, shuffle=False)
    x, t = loader.next()
    np.testing.assert_array_equal(x, np.array([[1.0, 2.0], [3.0, 4.0]]), strict=True)
    np.testing.assert_array_equal(t, np.array([0, 1]), strict=True)


def test_t_is_none_without_labels():
    x, t = DataLoader(Unlabelled(), 4, shuffle=False).next()
    assert x.tolist() == [0, 1, 2, 3]
    assert t is None


def test_an_empty_dataset_has_no_batches():
    loader = DataLoader([], 4)
    assert len(loader) == 0
    assert epoch(loader) == []


def test_own_seed_repeats_the_orders():
    first = DataLoader(Numbers(), 4, seed=1)
    orders = [epoch(first), epoch(first)]
    pyconvlite.seed(None)
    again = DataLoader(Numbers(), 4, seed=1)
    pyconvlite.utils.rng().random(7)
    assert [epoch(again), epoch(again)] == orders
    assert orders[0] != orders[1]
    assert epoch(DataLoader(Numbers(), 4, seed=2)) != orders[0]


def test_package_seed_repeats_the_orders():
    def orders():
        pyconvlite.seed(1)
        loader = DataLoader(Numbers(), 4)
        return [epoch(loader), epoch(loader)]

    assert orders() == orders()


def test_order_is_drawn_at_the_first_batch():
    pyconvlite.seed(1)
    expected = epoch(DataLoader(Numbers(), 4))
    loader = DataLoader(Numbers(), 4)
    epoch(loader)
    assert loader.index is None
    pyconvlite.seed(1)
    assert epoch(loader) == expected


def test_own_seed_leaves_the_package_generator():
    pyconvlite.seed(1)
    expected = pyconvlite.utils.rng().random()
    pyconvlite.seed(1)
    epoch(DataLoader(Numbers(), 4, seed=1))
    epoch(DataLoader(Numbers(), 4, shuffle=False))
    assert pyconvlite.utils.rng().random() == expected


@pytest.mark.parametrize(
    ("batch_size", "error", "message"),
    [
        (0, ValueError, "batch_size must be at least 1; got 0"),
        (-1, ValueError, "batch_size must be at least 1; got -1"),
        (2.0, TypeError, "batch_size must be an integer.* 2.0"),
        (True, TypeError, "batch_size must be an integer.* True"),
    ],
)
def test_batch_size_errors(batch_size, error, message):
    with pytest.raises(error, match=message):
        DataLoader(Numbers(), batch_size)
    loader = DataLoader(Numbers(), 2)
    loader.batch_size = batch_size
    with pytest.raises(error, match=message):
        loader.next()


class Frame(list):
    """What a DataFrame has: items by name."""

    keys = list.__iter__


@pytest.mark.parametrize("dataset", [None, 3, zip([0.5], [0], strict=True), {"a": (0.5, 0)}, Frame()])
def test_a_dataset_without_length_or_indices_is_named(dataset):
    with pytest.raises(TypeError, match=f"dataset must have __len__ .*; got {type(dataset).__name__}"):
        DataLoader(dataset, 2)


def test_a_dataset_may_have_a_list_named_keys():
    dataset = Numbers()
    dataset.keys = ["a", "b"]  # such as those of the database that it reads
    assert DataLoader(dataset, 2).data_size == len(dataset)


@pytest.mark.parametrize(
    "dataset",
    [[1, 2, 3], np.zeros((3, 28)), [(1,)] * 2, [(1, 2), (3,)], [{"x": 1, "t": 2}] * 2, ["ab", "cd"]],
)
def test_examples_that_are_not_pairs_are_refused(dataset):
    with pytest.raises(ValueError, match=r"dataset\[i\] must be a pair \(example, label\) for each i"):
        DataLoader(dataset, 2).next()


def test_examples_of_three_parts():
    loader = DataLoader([(np.ones(2), i, None) for i in range(3)], 2, shuffle=False)
    x, t, none = next(loader)
    assert (x.shape, t.tolist(), none) == ((2, 2), [0, 1], None)


def test_stop_iteration_inside_a_dataset_does_not_end_the_epoch():
    class Ending(Numbers):
        def __getitem__(self, index):
            return next(iter([])), 0

    with pytest.raises(RuntimeError, match="raised StopIteration"):
        next(DataLoader(Ending(), 2))


@pytest.mark.parametrize("value", ["no", 2, None])
@pytest.mark.parametrize("name", ["shuffle", "gpu"])
def test_flags_must_be_bools(name, value):
    with pytest.raises(TypeError, match=f"{name} must be True or False; got {value!r}"):
        DataLoader(Numbers(), 4, **{name: value})


@pytest.mark.parametrize(("seed", "error"), [(-1, ValueError), (1.5, TypeError), ("a", TypeError)])
def test_invalid_seed_is_named(seed, error):
    with pytest.raises(error, match=f"seed must be .*; got {seed!r}"):
        DataLoader(Numbers(), 2, seed=seed)


def test_examples_of_different_shapes_are_refused():
    loader = DataLoader([(np.zeros(2), 0), (np.zeros(3), 1)], 2)
    with pytest.raises(ValueError, match=r"must each have one shape; got shapes \[\(2,\), \(3,\)\]: give"):
        loader.next()


def test_mixed_none_labels_are_refused():
    loader = DataLoader([(1.0, None), (2.0, 3)], 2, shuffle=False)
    with pytest.raises(
        ValueError, match="labels of a batch must be None for all of its examples, or for none"
    ):
        loader.next()


def test_gpu_without_a_device_is_refused():
    for make in (DataLoader, SeqDataLoader):
        with pytest.raises(DeviceUnavailable, match="no GPU"):
            make(Numbers(), 4, gpu=True)
    loader = DataLoader(Numbers(), 4)
    with pytest.raises(DeviceUnavailable):
        loader.to_gpu()
    loader.to_cpu()
    assert loader.gpu is False
    assert len(epoch(loader)) == 3


# ------------------------------------------------------------------------------------------- SeqDataLoader


def test_sequences_continue_from_step_to_step():
    loader = SeqDataLoader(Numbers(), 2)
    assert epoch(loader) == [[i, i + 5] for i in range(5)]
    assert epoch(loader) == [[i, i + 5] for i in range(5)]
    assert all(np.array_equal(t, x**2) for x, t in loader)


def test_sequence_length_not_divisible_by_the_batch():
    """As in DeZero: each part reads on into the next one, and the last one wraps around."""
    loader = SeqDataLoader(Numbers(), 3)
    assert len(loader) == 4
    assert epoch(loader) == [[0, 3, 6], [1, 4, 7], [2, 5, 8], [3, 6, 9]]
    assert epoch(SeqDataLoader(Numbers(), 10)) == [list(range(10))]


@pytest.mark.parametrize(
    ("batch_size", "error", "message"),
    [
        (0, ValueError, "batch_size must be at least 1; got 0"),
        (11, ValueError, "batch_size must be at most the dataset's length, 10; got 11"),
        (2.0, TypeError, "batch_size must be an integer"),
    ],
)
def test_sequences_errors(batch_size, error, message):
    with pytest.raises(error, match=message):
        SeqDataLoader(Numbers(), batch_size)
    if error is ValueError:
        loader = SeqDataLoader(Numbers(), 2)
        loader.batch_size = batch_size
        with pytest.raises(error, match=message):
            next(loader)


def test_batch_size_may_be_reassigned_between_epochs():
    loader = DataLoader([(i, i) for i in range(10)], 5, shuffle=False)
    for size, batches in [(5, 2), (2, 5), (4, 3)]:
        loader.batch_size = size
        seen = [x for x, _ in loader]
        assert len(seen) == len(loader) == batches
        assert np.concatenate(seen).tolist() == list(range(10))


def test_non_array_examples_are_refused():
    loader = DataLoader([([[1], [1, 2]], 0)] * 4, 2)
    with pytest.raises(ValueError, match="an example or a label of the dataset is not an array"):
        next(loader)
