// Runs before anything is drawn, so that no visitor sees the other language first.
{
  let kept = null;
  try {
    kept = localStorage.getItem('language');
  } catch {
    // The browser keeps nothing for this site.
  }
  const wishes = kept ? [kept] : navigator.languages;
  const spoken = wishes.map((wish) => wish.slice(0, 2)).find((wish) => wish === 'en' || wish === 'ja');
  document.documentElement.lang = spoken ?? 'en';
}
