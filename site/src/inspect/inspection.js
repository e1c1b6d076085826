// The inside of the network: whether somebody looks at it, and the views that show it.

import { byId } from '../views/dom.js';
import { showColumns } from './columns.js';
import { showCourse } from './course.js';
import { showDetail } from './detail.js';
import { Inspector } from './inspector.js';

/** @param {import('../lab.js').Lab} lab @param {(label: number) => string} nameOf  a class, for people */
export function showInspection(lab, nameOf = String) {
  const inspector = new Inspector(lab);
  const picture = () => lab.state.seen?.look.picture ?? null;
  const body = byId('inspect-body');
  watch(body, '0%', (inSight) => inspector.watch({ inSight }));
  watch(body, '100%', (near) => inspector.watch({ near }));
  showColumns(inspector, () => lab.state.seen, nameOf);
  showDetail(inspector, picture);
  showCourse(inspector);
}

/**
 * Tells whether an element is in sight: neither folded away nor scrolled away, nor its tab in the background.
 *
 * @param {HTMLElement} element
 * @param {string} around  how far it may be scrolled away, in parts of the window's height
 * @param {(inSight: boolean) => void} onChange
 */
function watch(element, around, onChange) {
  let inView = false;
  const tell = () => onChange(inView && document.visibilityState === 'visible');
  const observer = new IntersectionObserver(
    (entries) => {
      inView = entries[entries.length - 1].isIntersecting;
      tell();
    },
    { rootMargin: `${around} 0%` },
  );
  observer.observe(element);
  document.addEventListener('visibilitychange', tell);
}
