"""datasets/arrays.py: arrays as a dataset, and parts of datasets."""

import numpy as np
import pytest

import pyconvlite
from pyconvlite import DataLoader, Dataset
from pyconvlite.datasets import ArrayDataset, Subset, random_split

PAIRS = [(x, x % 3) for x in range(10)]


def test_array_dataset_applies_the_transforms():
    x, t = np.arange(12.0, dtype=np.float32).reshape(4, 3), np.array([3, 1, 4, 1])
    dataset = ArrayDataset(x, t)
    assert isinstance(dataset, Dataset)
    assert (dataset.data is x, dataset.label is t, len(dataset)) == (True, True, 4)
    example, label = dataset[-2]
    np.testing.assert_array_equal(example, x[2], strict=True)
    assert label == 4
    changed = ArrayDataset(x, t, lambda x: x.sum(), target_transform=lambda t: -t)
    assert changed[1] == (12, -1)


def test_array_dataset_of_lists_and_without_labels():
    dataset = ArrayDataset([[1, 2], [3, 4], [5, 6]])
    assert [(x.tolist(), t) for x, t in dataset] == [([1, 2], None), ([3, 4], None), ([5, 6], None)]
    ((x, t),) = DataLoader(dataset, 3, shuffle=False)
    np.testing.assert_array_equal(x, [[1, 2], [3, 4], [5, 6]])
    assert t is None
    with pytest.raises(IndexError):
        dataset[3]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((np.zeros(3), np.zeros(2)), ValueError, "one label per example; got 2 for 3 examples"),
        ((1.0,), ValueError, "data must be an array of N items; got 1.0"),
        ((np.zeros(3), 1), ValueError, "label must be an array of N items; got 1"),
        (
            (np.zeros(3), None, "a"),
            TypeError,
            "transform must be a function of one argument",
        ),
    ],
)
def test_array_dataset_errors(arguments, error, message):
    with pytest.raises(error, match=message):
        ArrayDataset(*arguments)


def test_subset_selects_by_index():
    subset = Subset(PAIRS, [7, 0, -1, 7])
    assert list(subset) == [(7, 1), (0, 0), (9, 0), (7, 1)]
    assert (len(subset), subset[-1], subset[np.int8(1)]) == (4, (7, 1), (0, 0))
    assert list(Subset(subset, np.array([3, 1]))) == [(7, 1), (0, 0)]
    assert list(Subset(PAIRS, [])) == []
    with pytest.raises(IndexError):
        subset[4]
    with pytest.raises(TypeError, match="integer"):
        subset[1.0]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3, [0]), TypeError, "dataset must have __len__ and __getitem__.* got int"),
        ((PAIRS, [0.5]), TypeError, "indices must be integers; got float64"),
        ((PAIRS, [True, False]), TypeError, "indices must be integers; got bool"),
        ((PAIRS, 3), ValueError, r"indices must have one axis; got shape \(\)"),
        ((PAIRS, [[0, 1]]), ValueError, r"indices must have one axis; got shape \(1, 2\)"),
        ((PAIRS, [0, 10]), ValueError, "indices must be from -10 to 9; got 0 to 10"),
        ((PAIRS, [-11, 0]), ValueError, "indices must be from -10 to 9; got -11 to 0"),
    ],
)
def test_subset_errors(arguments, error, message):
    with pytest.raises(error, match=message):
        Subset(*arguments)


@pytest.mark.parametrize(
    ("lengths", "sizes"),
    [
        ([7, 3], [7, 3]),
        ([10], [10]),
        ([0, 10, 0], [0, 10, 0]),
        ([np.int64(4), np.int64(6)], [4, 6]),
        ([0.8, 0.2], [8, 2]),
        ([1.0], [10]),
        ([1, 0], [10, 0]),
        ([1 / 3, 1 / 3, 1 / 3], [4, 3, 3]),
        ([0.25, 0.25, 0.25, 0.25], [3, 3, 2, 2]),
        ([0.09, 0.91], [1, 9]),
    ],
)
def test_random_split_is_a_partition(lengths, sizes):
    parts = random_split(PAIRS, lengths, seed=0)
    assert [len(part) for part in parts] == sizes
    assert sorted(pair for part in parts for pair in part) == PAIRS


def test_random_split_is_random_and_repeatable():
    def drawn(**seed):
        return [pair for part in random_split(PAIRS, [5, 5], **seed) for pair in part]

    assert drawn(seed=1) == drawn(seed=1) != drawn(seed=2)
    pyconvlite.seed(0)
    first, second = drawn(), drawn()
    assert first != second
    pyconvlite.seed(0)
    assert drawn() == first
    assert drawn(seed=3) == drawn(seed=3)  # the package's generator is left alone
    assert drawn() == second
    counts = np.zeros(10)
    for seed in range(400):
        counts += np.bincount([x for x, _ in random_split(PAIRS, [3, 7], seed=seed)[0]], minlength=10)
    assert (np.abs(counts - 120) < 45).all()


@pytest.mark.parametrize(
    ("lengths", "error", "message"),
    [
        ([5, 4], ValueError, r"lengths must sum to the dataset's length, 10, or .* got \[5, 4\]"),
        ([0.5, 0.4], ValueError, "or be fractions of sum 1"),
        ([11, -1], ValueError, r"lengths must be at least 0; got \[11, -1\]"),
        ([], ValueError, "lengths must sum"),
        (5, TypeError, "lengths must be a list of numbers, one for each part; got 5"),
        (["5", 5], TypeError, "lengths must be a number; got '5'"),
    ],
)
def test_random_split_errors(lengths, error, message):
    with pytest.raises(error, match=message):
        random_split(PAIRS, lengths)


def test_random_split_rejects_other_datasets_and_seeds():
    with pytest.raises(TypeError, match=r"dataset must have __len__ and __getitem__.* got int"):
        random_split(10, [5, 5])
    with pytest.raises(ValueError, match="seed must be at least 0; got -1"):
        random_split(PAIRS, [5, 5], seed=-1)


def test_subset_copies_its_indices():
    indices = np.array([0, 1])
    subset = Subset([(10, 0), (11, 1)], indices)
    indices[:] = 7
    assert subset[1] == (11, 1)


def test_lengths_may_be_any_iterable():
    assert [len(part) for part in random_split(range(10), (n for n in (7, 3)))] == [7, 3]
    with pytest.raises(TypeError, match="lengths must be a list of numbers, one for each part; got None"):
        random_split(range(10), None)
