import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  questions: ['depth', 'shift', 'scale'],
  text: texts(
    {
      title: 'Batch norm and dropout',
      summary: 'Keep the numbers of a deep network in range, and keep its units from relying on each other.',
    },
    {
      title: 'バッチ正規化とドロップアウト',
      summary: '深い層でも数の大きさを保ち、ユニットどうしが頼り合わないようにする、2 つのくふうです。',
    },
  ),
} satisfies About;
