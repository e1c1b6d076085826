// Brings a prerendered page to life, and goes from there to the site's other pages without a new document: what a page
// leaves behind, Python above all, is there for the next one. Whatever is no such page, or cannot be had so, the browser
// goes to by itself, as it does everywhere if it has no Navigation API.

import { type Component, hydrate, mount, tick, unmount } from 'svelte';
import './styles.css';
import { addressIn, type Language, language } from './language.svelte';
import { keepSite, offline } from './offline.svelte';

/** @param name  of the page, in its address */
export function start(name: string, page: Component): void {
  const app = hydrate(page, { target: document.body });
  document.documentElement.dataset.started = '';
  if ('navigation' in window) follow(name, page, app);
  addEventListener('vite:preloadError', () => {
    offline.lacks = true;
  });
  keepSite();
}

/** The page that an address stands for, if it can be one of the site's; hosts may leave `.html` out. */
function nameOf(address: string, folder: string): string | undefined {
  const [path] = address.split(/[?#]/);
  if (!path.startsWith(folder)) return undefined;
  const [, name] = /^([\w-]*)(?:\.ja)?(?:\.html)?$/.exec(path.slice(folder.length)) ?? [];
  return name === '' ? 'index' : name;
}

function follow(name: string, page: Component, app: Record<string, unknown>): void {
  const folder = new URL('./', location.href).href;
  /** The pages that can be shown at once; null for what the browser has to go to by itself. */
  const ready = new Map<string, Component | null>([[name, page]]);
  /** How far each entry of the history is scrolled. */
  const scrolled = new Map<string, number>();
  let turns = 0;

  navigation.addEventListener('navigate', (event) => {
    const { destination, navigationType, downloadRequest } = event;
    const { url } = destination;
    const isPlain = downloadRequest === null && !event.formData && navigationType !== 'reload';
    const wanted = nameOf(url, folder);
    // Whoever goes elsewhere, if only within the page on screen, no longer waits for a page that is on its way. A download,
    // or a page that writes its own address, leads nowhere.
    if (downloadRequest === null && !(navigationType === 'replace' && wanted === name)) turns++;
    // Within a page, its own parts and the browser do what is due.
    if (!wanted || wanted === name || !isPlain || !event.canIntercept || ready.get(wanted) === null) return;
    const turn = turns;
    const isBack = navigationType === 'traverse';
    const isHeld = !dispatchEvent(new Event('beforeunload', { cancelable: true }));
    if (isHeld && !isBack) return; // the browser asks the visitor
    if (isHeld && event.cancelable) {
      event.preventDefault();
      setTimeout(() => location.assign(url)); // here, too
      return;
    }
    const Page = ready.get(wanted);
    if (!Page && !isBack) {
      event.preventDefault();
      bring(wanted).then(() => {
        const history = navigationType === 'replace' ? 'replace' : 'push';
        if (turn === turns) navigation.navigate(url, { history });
      });
      return;
    }
    if (navigation.currentEntry) scrolled.set(navigation.currentEntry.key, scrollY);
    const handler = async () => {
      if (!Page) await bring(wanted); // the way back after a reload: it stays a way back
      await tick(); // a page that leads on to another one does so while it is mounted
      if (turn !== turns) return;
      const found = ready.get(wanted);
      if (found) await show(wanted, found, isBack);
      else location.reload();
    };
    event.intercept({ focusReset: 'manual', scroll: 'manual', handler });
  });

  async function bring(wanted: string): Promise<void> {
    try {
      const { pages } = await import('./allPages');
      ready.set(wanted, (await pages[wanted]?.())?.default ?? null);
    } catch {
      ready.set(wanted, null); // the host has another build by now, or cannot be reached
    }
  }

  async function show(wanted: string, Page: Component, isBack: boolean): Promise<void> {
    name = wanted;
    const address = addressIn(language(), location.href); // an older entry may be of the time before a switch
    if (address !== location.href) history.replaceState(history.state, '', address);
    unmount(app);
    app = mount(Page, { target: document.body, anchor: document.body.firstChild ?? undefined });
    for (const link of document.head.querySelectorAll<HTMLLinkElement>('link[hreflang]'))
      link.href = addressIn(link.hreflang as Language, `./${name}.html`);
    await tick();
    const target = document.getElementById(location.hash.slice(1));
    focus(target ?? document.querySelector('h1'));
    if (target && !isBack) target.scrollIntoView({ behavior: 'instant' });
    else scrollTo({ top: (isBack && scrolled.get(navigation.currentEntry?.key ?? '')) || 0, behavior: 'instant' });
  }
}

/** Has the keyboard and screen readers go on from a place of the new page. */
function focus(place: HTMLElement | null): void {
  place?.focus({ preventScroll: true });
  if (!place || document.activeElement === place) return;
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
}
