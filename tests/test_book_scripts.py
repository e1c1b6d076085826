"""Scripts in the manner of the book's last steps, with nothing changed but the imports."""

import numpy as np

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import DataLoader, Model, SeqDataLoader, Variable, optimizers
from pyconvlite.datasets import SinCurve, Spiral
from pyconvlite.models import MLP


def test_spiral_classifier():
    """Step 50, with a hook of each kind."""
    pyconvlite.seed(0)
    train_loader = DataLoader(Spiral(train=True), 30)
    test_loader = DataLoader(Spiral(train=False), 30, shuffle=False)
    model = MLP((20, 3))
    optimizer = optimizers.SGD(1.0).setup(model)
    optimizer.add_hook(optimizers.WeightDecay(1e-5))
    optimizer.add_hook(optimizers.ClipGrad(5.0))
    for _ in range(100):
        for x, t in train_loader:
            loss = F.softmax_cross_entropy(model(x), t)
            model.cleargrads()
            loss.backward()
            optimizer.update()
    with pyconvlite.no_grad():
        right = sum(float(F.accuracy(model(x), t).data) * len(t) for x, t in test_loader)
    assert right / 300 > 0.75


class Recurrent(Model):
    def __init__(self, layer, out_size):
        super().__init__()
        self.rnn = layer
        self.fc = L.Linear(out_size)

    def reset_state(self):
        self.rnn.reset_state()

    def forward(self, x):
        return self.fc(self.rnn(x))


def predict(model, loader, bptt_length, optimizer, epochs):
    losses = []
    for _ in range(epochs):
        model.reset_state()
        loss, count, total = 0, 0, 0.0
        for x, t in loader:
            loss += F.mean_squared_error(model(x), t)
            count += 1
            if count % bptt_length == 0 or count == loader.max_iter:
                model.cleargrads()
                loss.backward()
                loss.unchain_backward()
                optimizer.update()
                total += float(loss.data)
                loss = 0
        losses.append(total / count)
    return losses


def test_rnn_learns_a_sine_wave():
    """Step 59: one sequence, backpropagation through 30 steps at a time."""
    pyconvlite.seed(0)
    wave = [(x.astype(np.float32)[np.newaxis], t) for x, t in SinCurve()]

    class Steps(list):
        max_iter = len(wave)

    model = Recurrent(L.RNN(20), 1)
    losses = predict(model, Steps(wave), 30, optimizers.Adam().setup(model), epochs=2)
    assert losses[-1] < 0.2 * losses[0]
    assert {p.dtype for p in model.params()} == {np.dtype(np.float32)}


def test_lstm_learns_a_sine_wave_in_batches():
    """Step 60: SeqDataLoader and LSTM; float64 data, as SinCurve gives them."""
    pyconvlite.seed(0)
    loader = SeqDataLoader(SinCurve(), batch_size=30)
    model = Recurrent(L.LSTM(20), 1)
    losses = predict(model, loader, 30, optimizers.Adam(0.01).setup(model), epochs=4)
    assert losses[-1] < 0.2 * losses[0]


def test_data_changed_in_place_is_used():
    x = Variable(np.zeros((2, 2)))
    x.data[0, 0] = 3.0
    x.data = x.data + 1
    y = F.linear(x, np.eye(2), None)
    assert y.data.tolist() == [[4.0, 1.0], [1.0, 1.0]]
    model = MLP((2,))
    for batch in [np.ones((1, 3)), np.ones((2, 3))]:
        assert model(batch).shape == (len(batch), 2)
    linear = L.Linear(2, nobias=True)
    linear.W.data = np.arange(6.0).reshape(3, 2)  # (in, out)
    assert linear(np.ones((1, 3))).data.tolist() == [[6.0, 9.0]]
