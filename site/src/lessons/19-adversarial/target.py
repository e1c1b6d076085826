x = pictures[digit : digit + 1]
wanted = np.array([target])

walk = [x]
for _ in range(10):
    downhill = -np.sign(slopes(model, walk[-1], wanted))  # of the loss for the digit that is wanted
    moved = walk[-1] + epsilon / 4 * downhill
    moved = moved.clip(x - epsilon, x + epsilon)  # no pixel goes farther than epsilon
    walk.append(moved.clip(0, 1))

steps = np.concatenate(walk)
read = F.softmax(model(steps))
steps = steps[:, 0]
