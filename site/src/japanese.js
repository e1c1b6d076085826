// What Python and the workers say to visitors, in Japanese. They speak English, as Python does; a sentence that is not
// here is shown as it is.

/** @type {[RegExp, (...parts: string[]) => string][]} */
const SENTENCES = [
  // errors of Python's, after the name of their class
  [
    /^FloatingPointError: the loss is (\S+) after (\d+) images: lower the learning rate$/,
    (loss, images) => `FloatingPointError: 画像 ${images} 枚で損失が ${loss} になりました。学習率を下げてください`,
  ],
  [
    /^ValueError: the weights in (.+) do not fit the model: (.+)$/,
    (file, reasons) =>
      `ValueError: ${file} の重みがモデルに合いません: ${reasons.split('; ').map(inJapanese).join('、')}`,
  ],
  [
    /^ValueError: (.+) is not a complete npz archive of weights: .+$/,
    (file) => `ValueError: ${file} は重みの npz ファイルではないか、壊れています`,
  ],
  [/^.*(?:DeviceLost|WebGPUError): (.+)$/, (reason) => `GPU が使えなくなりました(${reason})`],
  [/^missing: (.+)$/, (name) => `${name} がありません`],
  [/^unexpected: (.+)$/, (name) => `${name} はモデルにありません`],
  [
    /^(\S+) has shape (.+), the model needs (.+)$/,
    (name, has, needs) => `${name} の形状は ${has} で、必要なのは ${needs} です`,
  ],
  [/^(\S+) holds (\S+), not floats$/, (name, dtype) => `${name} の型は ${dtype} で、浮動小数点数ではありません`],

  // downloads and workers
  [
    /^(.+) could not be fetched: the host answered (\d+)$/,
    (file, status) => `${file} を取得できません(サーバーの応答 ${status})`,
  ],
  [/^(.+) could not be fetched: .*$/, (file) => `${file} を取得できません。ネットワークの接続を確かめてください`],
  [/^nothing has arrived for (\d+) seconds$/, (seconds) => `${seconds} 秒間、何も届きませんでした`],
  [/^the worker could not be started$/, () => 'ワーカーを起動できませんでした'],
  [
    /^the browser ended its worker, perhaps for want of memory$/,
    () => 'ブラウザがワーカーを終了させました。メモリーが足りなくなったのかもしれません',
  ],
  [/^the program has changed what Python itself needs$/, () => 'プログラムが、Python 自体に必要なものを書き換えました'],
  [/^it takes more than (\d+) seconds$/, (seconds) => `${seconds} 秒たっても終わりません`],
  [/^Graphviz could not be started$/, () => 'Graphviz を起動できませんでした'],
  [
    /^syntax error in line (\d+)(?: near '(.*)')?$/,
    (line, near) => `${line} 行目${near ? `の「${near}」付近` : ''}に構文の誤りがあります`,
  ],
  [/^the program was stopped$/, () => 'プログラムを止めました'],
  [
    /^the program was stopped after (\d+) seconds$/,
    (seconds) => `${seconds} 秒たっても終わらないので、プログラムを止めました`,
  ],

  // what computes
  [/^WebAssembly SIMD kernels \((\w+)\)$/, (variant) => `WebAssembly SIMD カーネル(${variant})`],
  [/^NumPy: (.+)$/, (reason) => `NumPy(${inJapanese(reason)})`],
  [/^WebGPU \((.+)\)$/, (adapter) => `WebGPU(${inJapanese(adapter)})`],
  [/^(.+), a CPU that stands in for a GPU$/, (name) => `${inJapanese(name)}、CPU による代用`],
  [/^a GPU without a name$/, () => '名前のない GPU'],
  [/^it was asked for$/, () => '選択どおり'],

  // why there is no GPU
  [/^this page is not secure; WebGPU needs .+$/, () => 'WebGPU には https:// か localhost のページが必要です'],
  [
    /^this runtime has no navigator\.gpu; .+$/,
    () => 'このブラウザには WebGPU がありません。新しい Chrome、Edge、Safari 26、Firefox 141 以降で使えます',
  ],
  [
    /^there is no adapter to open \((.*)\); .+$/,
    () => '使える GPU が見つかりません。グラフィックドライバーを更新するか、chrome://gpu を確かめてください',
  ],
];

/** @param {string} sentence @returns {string} */
export function inJapanese(sentence) {
  for (const [pattern, japanese] of SENTENCES) {
    const found = pattern.exec(sentence);
    if (found) return japanese(...found.slice(1));
  }
  return sentence;
}
