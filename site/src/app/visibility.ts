// Whether an element is visible, or nearly so.

/** The margin of what is nearly visible: half a window above and below. */
export const NEAR = '50% 0px';

/** Calls `tell` at once and after each change; `margin` extends the window. Returns what ends this. */
export function watchVisible(element: Element, tell: (isVisible: boolean) => void, margin = '0px'): () => void {
  const observer = new IntersectionObserver((entries) => tell(entries[entries.length - 1].isIntersecting), {
    rootMargin: margin,
  });
  observer.observe(element);
  return () => observer.disconnect();
}

/** Calls `act` once the element is visible. Returns what cancels this. */
export function onceVisible(element: Element, act: () => void, margin?: string): () => void {
  const end = watchVisible(
    element,
    (isVisible) => {
      if (!isVisible) return;
      end();
      act();
    },
    margin,
  );
  return end;
}
