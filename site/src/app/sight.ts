// Whether an element is in sight, or near.

/** The margin of what comes into sight soon: half a window above and below. */
export const NEAR = '50% 0px';

/** Tells it at once and after each change. `margin` is of what counts as near. Gives what ends the watch. */
export function watchSight(element: Element, tell: (isInSight: boolean) => void, margin = '0px'): () => void {
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting } of entries) tell(isIntersecting);
    },
    { rootMargin: margin },
  );
  observer.observe(element);
  return () => observer.disconnect();
}

/** Does something when the element first comes into sight. Gives what ends the watch before. */
export function onceInSight(element: Element, act: () => void, margin?: string): () => void {
  const end = watchSight(
    element,
    (isInSight) => {
      if (!isInSight) return;
      end();
      act();
    },
    margin,
  );
  return end;
}
