// What becomes of an answer.

export interface Verdict {
  isRight: boolean;
  /** In the visitor's language: what is wrong, or why it is right. */
  why: () => string;
}

/** In place of an answer: the visitor wanted to see it. */
export const SHOWN = 'shown';

/** What there is to choose from, and which is right. */
export const choices = ({ options, whys }: { options: readonly string[]; whys: readonly string[] }, right: number) =>
  options.map((label, i) => ({ label, isRight: i === right, why: whys[i] }));
