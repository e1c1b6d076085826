// HTML that a program shows, made harmless.

const MOST_LETTERS = 100_000; // beyond either limit the browser is busy for seconds, and the page with it
const MOST_DEPTH = 250; // elements inside one another
const VOID = /^(area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/i; // they hold nothing

/** What navigates: browsers connect to the host of a frame or a link before they ask the policy. */
const NAVIGATING = 'animate, base, embed, fencedframe, frame, iframe, link, meta, object, script, set';

const PICTURES = /^(image|feimage|use)$/i; // whose href is drawn, and never followed

/** Whether a browser would be busy with it. */
export const isLarge = (html: string): boolean => html.length > MOST_LETTERS || depth(html) > MOST_DEPTH;

/** What can stand in a document that forbids all that is not inside it: frames are left out, and links lead nowhere. */
export function harmless(html: string, page: Document): DocumentFragment {
  const template = page.createElement('template'); // what is in one loads nothing
  template.innerHTML = html;
  const { content } = template;
  for (const element of content.querySelectorAll(NAVIGATING)) element.remove();
  for (const element of content.querySelectorAll('*')) {
    const isPicture = PICTURES.test(element.localName);
    for (const { name, localName, value } of [...element.attributes]) {
      const leads = localName.endsWith('href') && !value.startsWith('#');
      if (leads && !(isPicture && value.startsWith('data:image/'))) element.removeAttribute(name);
    }
  }
  return content;
}

/** How deep its elements lie inside one another; those that are never closed count too. */
function depth(html: string): number {
  let now = 0;
  let most = 0;
  for (const [, end, name] of html.matchAll(/<(\/?)([a-z]\w*)/gi)) {
    if (VOID.test(name)) continue;
    now = Math.max(0, now + (end ? -1 : 1));
    most = Math.max(most, now);
  }
  return most;
}
