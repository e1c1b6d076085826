// All lessons in their order. Each is a folder, <number>-<name>: its about.ts says what it is called, its Page.svelte is the
// page lesson-<name>.html.

export interface About {
  text: () => {
    title: string;
    /** What one can do afterwards, in a line. */
    summary: string;
  };
  /** Of the book, where it has this. */
  chapter?: number;
  /** Names of its questions. */
  questions: string[];
}

export interface Lesson extends About {
  number: number;
  name: string;
  file: string;
}

const found = import.meta.glob<About>('./*/about.ts', { eager: true, import: 'default' });

export const lessons: Lesson[] = Object.entries(found)
  .map(([path, about]) => {
    const [, number, name] = /(\d+)-([\w-]+)\/about\.ts$/.exec(path) as unknown as string[];
    return { ...about, number: Number(number), name, file: `lesson-${name}.html` };
  })
  .sort((a, b) => a.number - b.number);

/** How many of a lesson's questions a test finds true. */
export const countQuestions = ({ name, questions }: Lesson, isTrue: (question: string) => boolean): number =>
  questions.filter((question) => isTrue(`${name}.${question}`)).length;
