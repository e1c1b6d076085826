# en: WGAN-GP on points of the plane: the critic's loss holds a gradient, and is differentiated through it.
# ja: 平面の点で試す WGAN-GP: 批評器の損失には勾配が入っていて、その勾配ごと微分します。
# en: Gulrajani et al., "Improved Training of Wasserstein GANs" (2017).
# ja: Gulrajani ほか「Improved Training of Wasserstein GANs」(2017 年)。
import matplotlib.pyplot as plt
import numpy as np

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Variable, grad, no_grad
from pyconvlite.models import Sequential
from pyconvlite.optimizers import Adam

BATCH, STEPS, CRITIC_STEPS, PENALTY = 128, 150, 3, 0.5
pyconvlite.seed(0)
rng = np.random.default_rng(0)


# en: Points on a noisy circle of radius 1.
# ja: 半径 1 の円周に、少しノイズを加えた点です。
def real(n):
    angle = rng.uniform(0, 2 * np.pi, n)
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return (points + rng.normal(0, 0.05, (n, 2))).astype(np.float32)


def noise(n):
    return rng.standard_normal((n, 2)).astype(np.float32)


# en: Two small networks, called once: so their weights get their sizes.
# ja: 2 つの小さなネットワークです。一度呼び出すと重みの形が決まります。
generator = Sequential(L.Linear(64), F.relu, L.Linear(64), F.relu, L.Linear(2))
critic = Sequential(L.Linear(64), F.leaky_relu, L.Linear(64), F.leaky_relu, L.Linear(1))
generator(noise(1)), critic(real(1))
for_generator = Adam(0.004, beta1=0.5, beta2=0.9).setup(generator)
for_critic = Adam(0.004, beta1=0.5, beta2=0.9).setup(critic)


# en: How far the critic's slope is from 1, between real points and made ones. With create_graph
# ja: 本物の点と作られた点の間で、批評器の傾きが 1 からどれだけ離れているか。create_graph を
# en: the slope is part of the graph, and can be differentiated again.
# ja: 指定すると傾きも計算グラフに入り、もう一度微分できます。
def gradient_penalty(x, made):
    share = rng.random((len(x), 1), dtype=np.float32)
    between = Variable(share * x + (1 - share) * made)
    (slope,) = grad(critic(between), between, create_graph=True)
    length = F.sqrt(F.sum(slope**2, axis=1) + 1e-12)
    return F.mean((length - 1) ** 2)


def step(optimizer, model, loss):
    model.cleargrads()
    loss.backward()
    optimizer.update()


distances = []
for i in range(STEPS):
    for _ in range(CRITIC_STEPS):
        x = real(BATCH)
        with no_grad():
            made = generator(noise(BATCH)).data
        distance = F.mean(critic(x)) - F.mean(critic(made))
        penalty = gradient_penalty(x, made)
        step(for_critic, critic, PENALTY * penalty - distance)
    step(for_generator, generator, -F.mean(critic(generator(noise(BATCH)))))
    distances.append(float(distance.data))
    if i % 50 == 49:
        print(f"step {i + 1}: distance {distances[-1]:.3f}, penalty {float(penalty.data):.4f}")

with no_grad():
    made = generator(noise(500)).data
radius = np.hypot(*made.T)
print(f"radius of the made points: {radius.mean():.2f} on average, {radius.std():.2f} their spread")

_, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
left.scatter(*real(500).T, s=4, label="real")
left.scatter(*made.T, s=4, label="made")
left.set_aspect("equal")
left.legend()
right.plot(distances)
right.set(xlabel="step", ylabel="distance")
plt.show()
