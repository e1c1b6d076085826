from pyconvlite import grad

recall(steps)
picture = canvas()
draw(picture, first, 1, 1)
draw(picture, second, 8, 10)

# en: Grad-CAM: the last feature maps, weighted by what they count for the class
# ja: Grad-CAM: 最後の特徴マップを、クラスへの影響の大きさで重み付けします
kept = []
with blocks[1].register_forward_hook(lambda _, inputs, y: kept.append(y)):
    scores = net(picture[None, None])
probabilities = 100 * F.softmax(scores)[0].data
maps = kept[0]
(slope,) = grad(scores[0, digit], maps)
weights = slope.data.mean(axis=(2, 3), keepdims=True)
cam = F.relu(F.sum(weights * maps, axis=1, keepdims=True))
heat = F.interpolate(cam, (16, 16), mode="bilinear").data[0, 0]
of = np.array([steps, first, second, digit])
