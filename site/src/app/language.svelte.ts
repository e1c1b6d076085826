// English or Japanese, in one place.
//
// A page is prerendered once in each language: learn.html and learn.ja.html. The document's `lang` says which one it is;
// first-paint.js leads a visitor to the one that their browser asks for. A component keeps its texts in both languages in
// `texts(english, japanese)`, and what it shows follows the switch by itself.

export type Language = 'en' | 'ja';

/** A text of one language stands for any; what computes a text takes the same arguments in both. */
type Alike<T> = { [K in keyof T]: T[K] extends string ? string : T[K] };

const shown = $state({ language: given() });

/** Of the document. A page is prerendered without one: `setLanguage` says which. */
function given(): Language {
  return typeof document !== 'undefined' && document.documentElement.lang === 'ja' ? 'ja' : 'en';
}

export const language = (): Language => shown.language;

export function setLanguage(language: Language): void {
  shown.language = language;
}

/** A function that gives these texts in the visitor's language. The type checker finds a text that one of them lacks. */
export const texts =
  <T extends object>(en: T, ja: NoInfer<Alike<T>>): (() => Alike<T>) =>
  () =>
    shown.language === 'ja' ? ja : (en as Alike<T>);

/** Sentences in a row, as the visitor's language has them; some may be missing. */
export const sentences = (all: (string | null | undefined)[]): string =>
  all.filter(Boolean).join(shown.language === 'ja' ? '' : ' ');

/** Parts in a row, as the visitor's language has them. */
export const listed = (parts: string[]): string => parts.join(shown.language === 'ja' ? '、' : ', ');

/** A program with the comments of one language: a line that begins with `# en:` or `# ja:` is for that one alone. */
export function commented(program: string, language = shown.language): string {
  const other = language === 'ja' ? '# en: ' : '# ja: ';
  return program
    .split('\n')
    .filter((line) => !line.trimStart().startsWith(other))
    .map((line) => line.replace(/^(\s*# )(en|ja): /, '$1'))
    .join('\n');
}

/** The address of a page of this site in a language. `./` and `learn.html#y` give `index.ja.html` and `learn.ja.html#y`. */
export function addressIn(language: Language, address: string): string {
  const [, folder, file, rest] = /^([^?#]*\/|)([^/?#]*)(.*)$/s.exec(address) as unknown as string[];
  const name = file.replace(/(\.ja)?\.html$/, '') || 'index';
  if (language === 'ja') return `${folder}${name}.ja.html${rest}`;
  return name === 'index' ? `${folder || './'}${rest}` : `${folder}${name}.html${rest}`;
}

/** Shows the page in the other language, and keeps the choice. */
export function switchLanguage(): void {
  const next = shown.language === 'ja' ? 'en' : 'ja';
  shown.language = next;
  document.documentElement.lang = next;
  history.replaceState(history.state, '', addressIn(next, location.href));
  try {
    localStorage.setItem('language', next);
  } catch {
    // The browser keeps nothing: the choice lasts as long as the page.
  }
}
