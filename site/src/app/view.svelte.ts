// What of a page is shown, as its link says: `?panels=stage,curves` shows these parts alone, `?size=projector` in larger
// type; `?embed` leaves out what leads to other pages, for a frame in a page of somebody else.
//
// first-paint.js does the same before the first paint, when no component is there yet.

import { SvelteSet } from 'svelte/reactivity';
import { inAddress, oneOf, put, set } from './link';

/** A part of a page that a link can name. */
export interface Offer {
  name: string;
  /** Whether it stands inside other parts, and is not seen without one. */
  isInner?: boolean;
  label: () => string;
}

/** Says something to the styles. */
function mark(name: string, value: string | null): void {
  const { dataset } = document.documentElement;
  if (value === null) delete dataset[name];
  else dataset[name] = value;
}

class View {
  /** The names of what is shown; null for all. */
  panels = $state.raw<ReadonlySet<string> | null>(null);
  /** Whether type is larger. */
  isLarge = $state(false);
  /** Whether the page stands in a frame. */
  isEmbedded = $state(false);
  /** In the order of the page. */
  #offers = new SvelteSet<Offer>();

  /** Reads the link of a page that begins. */
  enter(): void {
    const names = inAddress('panels', (text) => text.split(','));
    this.panels = names && new Set(names);
    this.isLarge = inAddress('size', oneOf(['projector'])) !== null;
    this.isEmbedded = inAddress('embed', () => true) ?? false;
    mark('size', this.isLarge ? 'projector' : null);
    mark('embed', this.isEmbedded ? '' : null);
    document.adoptedStyleSheets = []; // first-paint.js's
  }

  /** Forgets names that the page does not have; all of it is shown where nothing would be seen. */
  settle(): void {
    if (!this.panels) return;
    const known = this.offers.filter(({ name }) => this.names(name));
    this.panels = known.every(({ isInner }) => isInner) ? null : new Set(known.map(({ name }) => name));
  }

  /** Says that the page has a part. Gives what ends that. */
  offer(offer: Offer): () => void {
    this.#offers.add(offer);
    return () => this.#offers.delete(offer);
  }

  /** Each name once. */
  get offers(): Offer[] {
    return [...new Map([...this.#offers].map((offer) => [offer.name, offer])).values()];
  }

  shows = (name: string): boolean => this.panels?.has(name) ?? true;

  /** Whether the link says a name. */
  names = (name: string): boolean => this.panels?.has(name) ?? false;

  /** Shows these parts alone, or all. */
  show(names: string[] | null): void {
    this.panels = names && new Set(names);
    put({ panels: names?.join(',') ?? null });
  }

  enlarge(isLarge: boolean): void {
    this.isLarge = isLarge;
    mark('size', isLarge ? 'projector' : null);
    put({ size: isLarge ? 'projector' : null });
  }

  /** An address with what is chosen here. */
  onto(address: string): URL {
    const url = new URL(address);
    set(url, 'panels', this.panels && [...this.panels].join(','));
    set(url, 'size', this.isLarge ? 'projector' : null);
    return url;
  }

  /** An address of the whole page. */
  whole(address: string): string {
    const url = new URL(address);
    for (const name of ['panels', 'size', 'embed']) set(url, name, null);
    return url.href;
  }
}

export const view = new View();

/** How many times as large as usual type is, for what is measured in pixels. */
export const enlargement = (): number => Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
