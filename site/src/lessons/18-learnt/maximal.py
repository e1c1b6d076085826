from pyconvlite import no_grad

recall(steps)

kept = []
with no_grad(), blocks[layer - 1].register_forward_hook(lambda _, inputs, y: kept.append(y.data)):
    scores = net(held_out)
maps = kept[0]  # (60, channels, rows, columns)
right = 100 * np.mean(scores.data.argmax(axis=1) == answers)

# what a unit sees: so many pixels each way, from where, and how far on for the next one
field, start, stride = [(3, -1, 1), (8, -3, 2)][layer - 1]
padded = np.pad(held_out[:, 0], ((0, 0), (3, 3), (3, 3)))


def favourites(c, count):  # pictures, and the corner of what the unit saw that responded most
    strongest = maps[:, c].max(axis=(1, 2))
    chosen = (-strongest).argsort()[:count]
    units = [np.unravel_index(m.argmax(), m.shape) for m in maps[chosen, c]]
    return chosen, start + stride * np.array(units), strongest[chosen]


patches = []  # for each channel, the one that excites it most
for c in range(maps.shape[1]):
    (n,), [(top, left)], _ = favourites(c, 1)
    patches.append(padded[n, top + 3 : top + 3 + field, left + 3 : left + 3 + field])

best, corners, response = favourites(channel, 6)
shown = held_out[best, 0]
digits = answers[best]
of = np.array([steps, layer, channel])
