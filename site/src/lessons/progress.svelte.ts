// How far a visitor is: which lessons were opened, and which questions are answered. It stays in this browser.

import { view } from '../app/view.svelte';

const KEY = 'lessons';

export interface Answer {
  given: string;
  isRight: boolean;
}

interface Kept {
  /** Names of lessons. */
  opened: string[];
  /** By the lesson's name and the question's: `sum.first`. */
  answers: Record<string, Answer>;
}

/** What is there of it: another version of the site may have written something else. */
function keptIn({ opened, answers }: Record<string, unknown>): Kept {
  const isAnswer = (each: unknown): each is [string, Answer] =>
    typeof (each as [string, Answer])[1]?.given === 'string';
  return {
    opened: Array.isArray(opened) ? opened : [],
    answers: Object.fromEntries(Object.entries(answers ?? {}).filter(isAnswer)),
  };
}

class Progress {
  #kept = $state.raw<Kept>({ opened: [], answers: {} });
  /** Whether the browser keeps it; it lasts as long as the page otherwise. */
  #lasts = true;

  /** Finds what was kept; a page is prerendered without it. */
  load(): void {
    try {
      this.#kept = keptIn(JSON.parse(localStorage.getItem(KEY) ?? '{}'));
    } catch {
      // The browser keeps nothing, or somebody else wrote there: all begins anew.
    }
  }

  #keep(change: (kept: Kept) => Kept): void {
    if (this.#lasts) this.load(); // another tab may have gone on
    this.#kept = change(this.#kept);
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#kept));
      this.#lasts = true;
    } catch {
      this.#lasts = false;
    }
  }

  open(lesson: string): void {
    this.#keep(({ opened, answers }) => ({ opened: [...new Set([...opened, lesson])], answers }));
  }

  answer(question: string, answer: Answer): void {
    this.#keep(({ opened, answers }) => ({ opened, answers: { ...answers, [question]: answer } }));
  }

  hasOpened = (lesson: string): boolean => this.#kept.opened.includes(lesson);

  /** Whether a figure keeps an answer back: until one is given, where the page asks for it. */
  keepsBack = (question: string): boolean => view.shows('text') && this.answerTo(question) === undefined;

  answerTo = (question: string): Answer | undefined => this.#kept.answers[question];

  isRight = (question: string): boolean => this.answerTo(question)?.isRight === true;
}

export const progress = new Progress();
