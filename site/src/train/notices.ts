// What the lab tells.

import { texts } from '../app/language.svelte';

const FEW = 100; // test images: a percentage of fewer says more than is known

export const notices = texts(
  {
    ready: 'Ready.',
    back: 'Ready, with the model from your last visit.',
    misfit: 'Ready. The weights from your last visit do not fit this version of the model.',
    impossible:
      'The network in the link cannot be used: a layer of it does not exist or does not fit, or it is too large.',
    loading: 'Loading Python.',
    started: 'Training has started.',
    paused: 'Training is paused.',
    goesOn: 'Training continues.',
    stopping: 'Stopping.',
    stopped: 'Training has stopped.',
    restarted: 'Stopped: the batch took too long, so Python was restarted from the last checkpoint.',
    uploaded: (file: string) => `The weights from ${file} are loaded.`,
    testing: 'Testing.',
    tested: (right: number, total: number) =>
      total < FEW ? `Tested: ${right} of ${total} right.` : `Test accuracy: ${((100 * right) / total).toFixed(2)}%.`,
    testStopped: 'The test was stopped.',
    untested: 'Training is done.',
    backToCheckpoint: 'The model is back at the last checkpoint.',
  },
  {
    ready: '準備ができました。',
    back: '準備ができました。前回のモデルから続けられます。',
    misfit: '準備ができました。前回の重みは、いまの版のモデルには合いません。',
    impossible: 'リンクのネットワークは使えません。存在しない層か合わない層があるか、大きすぎます。',
    loading: 'Python を読み込んでいます。',
    started: '学習を始めました。',
    paused: '学習を一時停止しています。',
    goesOn: '学習を再開しました。',
    stopping: '停止しています。',
    stopped: '学習を停止しました。',
    restarted: '停止しました。バッチの計算が長くかかったため、Python を再起動し、最後に保存した時点に戻しました。',
    uploaded: (file) => `${file} の重みを読み込みました。`,
    testing: 'テストしています。',
    tested: (right, total) =>
      total < FEW
        ? `テスト画像 ${total} 枚のうち、正解は ${right} 枚です。`
        : `テスト画像の正解率は ${((100 * right) / total).toFixed(2)}% です。`,
    testStopped: 'テストを停止しました。',
    untested: '学習が終わりました。',
    backToCheckpoint: 'モデルは最後に保存した時点に戻りました。',
  },
);
