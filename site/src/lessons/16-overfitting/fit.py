import numpy as np

grid = np.linspace(-1, 1, 81)
# en: what the points come from, but for noise
# ja: ノイズを除いた、点のもとの関数
truth = np.sin(3 * grid)


# en: least squares: a function of x
# ja: 最小二乗法で求めた x の関数
def fitted(degree):
    powers = np.vander(x, degree + 1)
    w, *_ = np.linalg.lstsq(powers, t, rcond=None)
    return lambda at: np.vander(at, degree + 1) @ w


def error(degree, at, wanted):
    return np.mean((fitted(degree)(at) - wanted) ** 2)


curve = fitted(degree)(grid)
degrees = range(10)
seen = [error(d, x, t) for d in degrees]
unseen = [error(d, grid, truth) for d in degrees]
