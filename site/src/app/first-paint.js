// Runs before anything is drawn, so that no visitor sees the other language first: leads to the page in their language,
// or has the page be in it. A page in a frame keeps the language in which it was put there, and one whose address names
// the language keeps it, too, unless the visitor has chosen another.
//
// It also leaves out what the link leaves out, see view.svelte.ts, and tells where the page's scripts do not start.
{
  let kept = null;
  try {
    kept = localStorage.getItem('language');
  } catch {
    // The browser keeps nothing for this site.
  }
  const wishes = kept ? [kept] : navigator.languages;
  const spoken = wishes.map((wish) => wish.slice(0, 2)).find((wish) => wish === 'en' || wish === 'ja') ?? 'en';
  const { dataset } = document.documentElement;
  const said = new URLSearchParams(location.search);
  const page = document.querySelector(`link[hreflang="${spoken}"]`);
  if (!(page instanceof HTMLLinkElement)) document.documentElement.lang = spoken;
  else if (
    spoken !== document.documentElement.lang &&
    (kept || document.documentElement.lang === 'en') &&
    !said.has('embed')
  )
    location.replace(page.href + location.search + location.hash);

  addEventListener(
    'error',
    ({ target }) => {
      // A script did not come, or uses what this browser does not know; base.css looks at whether the page started.
      if (target instanceof HTMLScriptElement || target === window) dataset.lacks = '';
    },
    true, // it does not bubble
  );

  if (said.has('embed')) dataset.embed = '';
  if (said.get('size') === 'projector') dataset.size = 'projector';
  const names = said.get('panels')?.match(/[\w.-]+/g);
  if (names) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`[data-panel]${names.map((name) => `:not([data-panel='${name}'])`).join('')} { display: none }`);
    document.adoptedStyleSheets = [sheet];
  }
}
