// Shows what a program sends, made harmless, and tells the page how high it is.
//
// It is the one script of shown.html, which HtmlFrame.svelte puts into a sandboxed frame, and whose policy is that of
// frame.html around it. The sandbox gives the document an origin of its own, which Chromium gives a process of its own:
// what keeps the browser busy does not keep the page.

/** What navigates: browsers connect to the host of a frame or a link before they ask the policy. */
const NAVIGATING = 'animate, base, embed, fencedframe, frame, iframe, link, meta, object, script, set';

const PICTURES = /^(image|feimage|use)$/i; // whose href is drawn, and never followed

/**
 * What can stand in a document that forbids all that is not inside it: frames are left out, and links lead nowhere.
 *
 * @param {string} html
 */
function harmless(html) {
  const template = document.createElement('template'); // what is in one loads nothing
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

/** @param {{ picture: Blob; alt: string }} shown */
function drawn({ picture, alt }) {
  const image = new Image();
  return Object.assign(image, { alt, src: URL.createObjectURL(picture), onload: tell });
}

const page = window.parent.parent;
const { body, documentElement } = document; // what comes may take these names for its own
const tell = () => page.postMessage(documentElement.scrollHeight, '*');

addEventListener('message', ({ source, data }) => {
  if (source !== page) return;
  body.replaceChildren(typeof data === 'string' ? harmless(data) : drawn(data));
  tell(); // out of sight, where no frame is painted, the observer waits
  new ResizeObserver(tell).observe(body);
});
