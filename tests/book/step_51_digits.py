"""Digits of MNIST: training, weights in a file, dropout."""

import os
import tempfile

import dezero
import dezero.functions as F
import numpy as np
from dezero import DataLoader, optimizers
from dezero.models import MLP

np.random.seed(0)
train_set = dezero.datasets.MNIST(train=True)
test_set = dezero.datasets.MNIST(train=False)
print(len(train_set), train_set[0][0].shape, train_set[0][1])
train_loader = DataLoader(train_set, 20)
test_loader = DataLoader(test_set, 20, shuffle=False)
model = MLP((20, 10), activation=F.relu)
optimizer = optimizers.Adam().setup(model)
if dezero.cuda.gpu_enable:
    train_loader.to_gpu()
    model.to_gpu()
for epoch in range(2):
    for x, t in train_loader:
        loss = F.softmax_cross_entropy(F.dropout(model(x), 0.2), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
    print(loss)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "digits.npz")
    model.save_weights(path)
    with np.load(path) as weights:
        print(sorted(weights))
    model = MLP((20, 10), activation=F.relu)
    model.load_weights(path)
with dezero.no_grad(), dezero.test_mode():
    for x, t in test_loader:
        print(F.softmax_cross_entropy(F.dropout(model(x)), t))
