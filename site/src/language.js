// English or Japanese, in one place.
//
// Text that stands in a page stands there in both languages: prose in elements marked `lang="en"` and `lang="ja"`, of
// which the style sheet shows one; a single phrase as the element's text with `data-ja`, an attribute's with
// `data-ja-aria-label` and the like. Text that scripts write comes from `texts(english, japanese)`. The language itself
// is the document's `lang`, set before the first paint (frame/first-paint.js).

/** @typedef {'en' | 'ja'} Language */

/** @type {Set<() => void>} */
const views = new Set();

/** What the page said in English before it was translated. @type {WeakMap<Element, Map<string, string>>} */
const english = new WeakMap();

/** @returns {Language} */
export const language = () => (document.documentElement.lang === 'ja' ? 'ja' : 'en');

/**
 * A function that gives these texts in the visitor's language. The type checker finds a text that one of them lacks.
 *
 * @template {Record<string, string | string[] | ((...args: any[]) => string)>} Texts
 * @param {Texts} en
 * @param {Texts} ja
 * @returns {() => Texts}
 */
export const texts = (en, ja) => () => (language() === 'ja' ? ja : en);

/** Calls a view now and after each change of the language. @param {() => void} view */
export function onLanguage(view) {
  views.add(view);
  view();
}

/** Translates the page and lets its switch work. */
export function showLanguage() {
  const change = /** @type {HTMLElement} */ (document.getElementById('language'));
  change.addEventListener('click', () => {
    const next = language() === 'ja' ? 'en' : 'ja';
    document.documentElement.lang = next;
    try {
      localStorage.setItem('language', next);
    } catch {
      // The browser keeps nothing: the choice lasts as long as the page.
    }
    translate();
    for (const view of views) view();
  });
  onLanguage(() => {
    const other = language() === 'ja' ? 'en' : 'ja';
    change.textContent = other === 'ja' ? '日本語' : 'English';
    change.lang = other;
  });
  translate();
}

/** Puts the language's words into all that carries a `data-ja` of any kind. */
function translate() {
  const ja = language() === 'ja';
  for (const element of document.querySelectorAll('*')) {
    for (const { name, value } of element.attributes) {
      if (name !== 'data-ja' && !name.startsWith('data-ja-')) continue;
      const attribute = name.slice('data-ja-'.length); // '' for the text
      const kept = english.get(element) ?? new Map();
      english.set(element, kept);
      const present = attribute ? (element.getAttribute(attribute) ?? '') : (element.textContent ?? '');
      if (!kept.has(attribute)) kept.set(attribute, present);
      const text = ja ? value : kept.get(attribute);
      if (attribute) element.setAttribute(attribute, text);
      else element.textContent = text;
    }
  }
}
