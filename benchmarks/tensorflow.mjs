/**
 * Nets of nets_table.py in TensorFlow.js.
 *
 * @typedef {object} Operation
 * @property {'conv' | 'depthwise' | 'linear' | 'max' | 'mean' | 'flatten'} op
 * @property {number} stride
 * @property {number} pad
 * @property {number} kernel
 * @property {boolean} relu
 * @property {Numbers} [W]
 * @property {Numbers} [b]
 *
 * @typedef {{at: number, shape: number[]}} Numbers where they begin
 *
 * @typedef {object} Model what nets_onnx.py makes of a net
 * @property {Operation[]} operations
 * @property {Float32Array} data of all W and b
 */

/**
 * @param {any} tf
 * @param {Model} model
 * @param {(tensor: any) => any} [weight] makes a weight of a tensor
 * @returns {(x: any) => any} what computes the scores of a batch, channels last
 */
export function network(tf, { operations, data }, weight = (tensor) => tensor) {
  const tensor = (/** @type {Numbers | undefined} */ where) => {
    if (!where) return;
    const size = where.shape.reduce((a, b) => a * b, 1);
    return weight(tf.tensor(data.slice(where.at, where.at + size), where.shape));
  };
  const loaded = operations.map((operation) => ({ ...operation, W: tensor(operation.W), b: tensor(operation.b) }));
  return (x) => {
    let h = x;
    for (const { op, stride, pad, kernel, relu, W, b } of loaded) {
      const activation = relu ? 'relu' : 'linear';
      const convolution = { x: h, filter: W, strides: stride, pad, dimRoundingMode: 'floor', bias: b, activation };
      if (op === 'conv') h = tf.fused.conv2d(convolution);
      else if (op === 'depthwise') h = tf.fused.depthwiseConv2d(convolution);
      else if (op === 'linear') h = tf.fused.matMul({ a: h, b: W, bias: b, activation });
      else if (op === 'max') h = tf.maxPool(h, kernel, stride, 'valid');
      else if (op === 'mean') h = tf.mean(h, [1, 2]);
      else h = tf.reshape(h, [h.shape[0], -1]);
    }
    return h;
  };
}
