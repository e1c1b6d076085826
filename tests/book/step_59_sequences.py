"""A noisy sine by RNN and LSTM, with truncated backpropagation."""

import dezero
import dezero.functions as F
import dezero.layers as L
import numpy as np
from dezero import Model, SeqDataLoader

np.random.seed(0)
train_set = dezero.datasets.SinCurve(train=True)
print(train_set[0], len(train_set), dezero.datasets.SinCurve(train=False)[1])


class Recurrent(Model):
    def __init__(self, layer):
        super().__init__()
        self.rnn = layer
        self.fc = L.Linear(1)

    def reset_state(self):
        self.rnn.reset_state()

    def forward(self, x):
        return self.fc(self.rnn(x))


for layer in (L.RNN(8), L.LSTM(8)):
    model = Recurrent(layer)
    optimizer = dezero.optimizers.Adam().setup(model)
    loader = SeqDataLoader(train_set, batch_size=50)
    for epoch in range(2):
        model.reset_state()
        loss, count = 0, 0
        for x, t in loader:
            loss += F.mean_squared_error(model(x), t)
            count += 1
            if count % 10 == 0 or count == 20:
                model.cleargrads()
                loss.backward()
                loss.unchain_backward()
                optimizer.update()
        print(type(layer).__name__, loss)

model = L.EmbedID(5, 3)
y = model(np.array([[1, 4], [1, 0]]))
y.backward()
print(y, model.W.grad)
