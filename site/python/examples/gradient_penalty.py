# en: WGAN-GP (Gulrajani et al., 2017) on points of the plane: a gradient is part of the critic's loss.
# ja: 平面の点で試す WGAN-GP(Gulrajani ほか、2017 年): 批評器の損失に勾配が入ります。
import matplotlib.pyplot as plt
import numpy as np

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Variable, grad, no_grad
from pyconvlite.models import Sequential
from pyconvlite.optimizers import Adam, CosineLR

BATCH, STEPS, CRITIC_STEPS, PENALTY = 128, 300, 3, 1
pyconvlite.seed(0)
rng = np.random.default_rng(0)


def real(n):
    angle = rng.uniform(0, 2 * np.pi, n)
    points = np.stack([2 + np.cos(angle), 1 + np.sin(angle)], axis=1)
    return (points + rng.normal(0, 0.05, (n, 2))).astype(np.float32)


def made(n):
    return generator(rng.standard_normal((n, 2), dtype=np.float32))


# en: How far is the critic's slope from 1? With create_graph it can be differentiated again.
# ja: 批評器の傾きは 1 からどれだけ離れているか。create_graph で、もう一度微分できます。
def gradient_penalty(x, fake):
    share = rng.random((len(x), 1), dtype=np.float32)
    between = Variable(share * x + (1 - share) * fake)
    (slope,) = grad(critic(between), between, create_graph=True)
    return F.mean((F.sqrt(F.sum(slope**2, axis=1) + 1e-12) - 1) ** 2)


def step(model, schedule, loss):
    model.cleargrads(), loss.backward(), schedule.optimizer.update(), schedule.step()


generator = Sequential(L.Linear(64), F.relu, L.Linear(64), F.relu, L.Linear(2))
critic = Sequential(L.Linear(64), F.tanh, L.Linear(64), F.tanh, L.Linear(1))
for_generator = CosineLR(Adam(0.002, beta1=0, beta2=0.9).setup(generator), STEPS)
for_critic = CosineLR(Adam(0.004, beta1=0, beta2=0.9).setup(critic), STEPS * CRITIC_STEPS, 0.3)
for i in range(STEPS):
    for _ in range(CRITIC_STEPS):
        x, fake = real(BATCH), made(BATCH).data
        distance, penalty = F.mean(critic(x)) - F.mean(critic(fake)), gradient_penalty(x, fake)
        step(critic, for_critic, PENALTY * penalty - distance)
    step(generator, for_generator, -F.mean(critic(made(BATCH))))
    if i % 50 == 49:
        print(f"step {i + 1}: distance {float(distance.data):.3f}, penalty {float(penalty.data):.4f}")
with no_grad():
    x, fake = real(5000), made(5000).data
for name, points in (("real", x), ("made", fake)):
    print(f"{name} points: mean {points.mean(axis=0).round(3)}, spread {points.std(axis=0).round(3)}")
    plt.scatter(*points.T, s=1, label=name)
plt.legend()
plt.show()
