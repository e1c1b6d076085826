"""What the tiny nets of the bench are trained on, in all frameworks."""

from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], Any]
RATE = 0.1
WINDOW = 30  # steps of time between two updates of a recurrent net
HIDDEN = 100

rng = np.random.default_rng(0)
SINE = rng.random((100, 1))
SINE_T = np.sin(2 * np.pi * SINE) + rng.random((100, 1))
FOUR, FOUR_T = np.array([[0.2, -0.4], [0.3, 0.5], [1.3, -3.2], [2.1, 0.3]]), np.array([2, 0, 1, 0])
# The spiral has float32 inputs in the book, as its `get_spiral` makes them; all others are float64.
SPIRAL, SPIRAL_T = rng.standard_normal((30, 2)).astype(np.float32), np.arange(30) % 3
LONG = rng.standard_normal((WINDOW + 1, 1, 1))  # (time, batch, features)
WIDE = rng.standard_normal((WINDOW + 1, 30, 1))
