"""Dropout draws from numpy.random."""

import dezero.functions as F
import numpy as np
from dezero import Variable, test_mode

np.random.seed(0)
x = Variable(np.ones((2, 5), np.float32))
y = F.dropout(x)
y.backward()
print(y, x.grad)
with test_mode():
    print(F.dropout(x))
print(F.dropout(np.arange(1.0, 6.0), 0.3), np.random.rand())
