x = pictures[digit : digit + 1]
wanted = np.array([target])

walk = [x]
for _ in range(10):
    # en: down the loss for the digit that is wanted
    # ja: 狙った数字に対する損失が減る向き
    downhill = -np.sign(slopes(model, walk[-1], wanted))
    moved = walk[-1] + epsilon / 4 * downhill
    # en: no pixel goes farther than epsilon
    # ja: どの画素も epsilon より遠くには動かしません
    moved = moved.clip(x - epsilon, x + epsilon)
    walk.append(moved.clip(0, 1))

steps = np.concatenate(walk)
read = F.softmax(model(steps))
steps = steps[:, 0]
