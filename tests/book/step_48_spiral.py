"""Classes of a spiral by softmax, with a Dataset and DataLoaders."""

import math

import dezero
import dezero.functions as F
import numpy as np
from dezero import DataLoader, optimizers
from dezero.models import MLP

x, t = dezero.datasets.get_spiral(train=True)
print(x.shape, t[:10], x[0])
model = MLP((10, 3))
optimizer = optimizers.SGD(1.0).setup(model)
for epoch in range(5):
    index = np.random.permutation(len(x))
    for i in range(math.ceil(len(x) / 30)):
        chosen = index[i * 30 : (i + 1) * 30]
        loss = F.softmax_cross_entropy(model(x[chosen]), t[chosen])
        model.cleargrads()
        loss.backward()
        optimizer.update()
    print(loss)

train_set = dezero.datasets.Spiral(train=True)
test_set = dezero.datasets.Spiral(train=False)
train_loader = DataLoader(train_set, 30)
test_loader = DataLoader(test_set, 40, shuffle=False)
model = MLP((10, 3))
optimizer = optimizers.SGD(lr=1.0).setup(model)
for epoch in range(5):
    total, right = 0.0, 0.0
    for x, t in train_loader:
        y = model(x)
        loss = F.softmax_cross_entropy(y, t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        total += float(loss.data) * len(t)
        right += float(F.accuracy(y, t).data) * len(t)
    print(total / len(train_set), right / len(train_set))
with dezero.no_grad():
    print(sum(float(F.softmax_cross_entropy_simple(model(x), t).data) for x, t in test_loader))
