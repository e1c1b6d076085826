// Which connections are drawn, and how strongly.

import type { Stage } from '../engine/findings';
import { mapKey } from './scene';

export interface Tie {
  from: string;
  to: string;
  strength: number;
  sign: number;
}

const MOST = 140; // connections between two layers: the strongest

/** What each map of the input gives to each map of a stage that multiplies with weights. */
export function contributions({ links, sources }: Stage, stage: number): Tie[] {
  if (!links) return [];
  const { flow, net } = links;
  const inputs = flow.shape[1];
  const order = [...flow.data.keys()].sort((a, b) => flow.data[b] - flow.data[a]).slice(0, MOST);
  const most = flow.data[order[0]];
  if (!(most > 0 && Number.isFinite(most))) return [];
  return order
    .filter((at) => flow.data[at] > 0)
    .map((at) => ({
      from: inputs === 1 && sources[0] < 0 ? 'picture' : mapKey(sources[0], at % inputs),
      to: mapKey(stage, Math.floor(at / inputs)),
      strength: flow.data[at] / most,
      sign: net.data[at] / flow.data[at],
    }))
    .reverse(); // the strongest last, on top
}

/** Map by map, where a stage takes each as it is. */
export function oneToOne(stages: Stage[], stage: number, source: number): Tie[] {
  const n = stages[stage].maps.shape[0];
  if (source >= 0 && stages[source].maps.shape[0] !== n) return [];
  return Array.from({ length: n }, (_, channel) => ({
    from: mapKey(source, channel),
    to: mapKey(stage, channel),
    strength: 0.12,
    sign: 0,
  }));
}
