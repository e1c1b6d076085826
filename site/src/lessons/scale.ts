// Vertical axes of the lessons' lines.

export interface Scale {
  /** Where it has a rule. */
  rules: readonly number[];
  written: (rule: number) => string;
  /** How far up a value stands, from 0 to 1. */
  up: (value: number) => number;
}

export const PERCENT: Scale = {
  rules: [0, 25, 50, 75, 100],
  written: (rule) => `${rule}%`,
  up: (value) => value / 100,
};

/** From the lowest value to the last rule, evenly. */
export function linear(rules: readonly number[], lowest = rules[0]): Scale {
  const highest = rules[rules.length - 1];
  return { rules, written: String, up: (value) => (value - lowest) / (highest - lowest) };
}

const MOST_STEPS = 6; // from one rule to the next

/** Powers of ten, from 10 ** low to 10 ** high; what is beyond stands at the edge, as NaN does at the top. */
export function powers(low: number, high: number): Scale {
  const every = Math.ceil((high - low) / MOST_STEPS);
  return {
    rules: Array.from({ length: Math.floor((high - low) / every) + 1 }, (_, i) => 10 ** (low + i * every)),
    written: (rule) => (rule > 1e-5 && rule < 1e5 ? String(rule) : rule.toExponential()),
    up: (value) => (Number.isFinite(value) ? Math.min(1, Math.max(0, (Math.log10(value) - low) / (high - low))) : 1),
  };
}

/** Powers of ten around all positive values. */
export function powersAround(values: readonly number[]): Scale {
  const logs = values.filter((value) => value > 0).map(Math.log10);
  const low = logs.length ? Math.floor(Math.min(...logs)) : 0;
  return powers(low, logs.length ? Math.max(low + 1, Math.ceil(Math.max(...logs))) : 1);
}
