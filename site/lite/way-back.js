// Runs first in each page of JupyterLite: a link back to the site, in the bar at the top.
document.addEventListener('DOMContentLoaded', () => {
  const link = document.createElement('a');
  link.href = '../../';
  link.id = 'way-back';
  link.textContent = '← pyconvlite';
  const style = document.createElement('style');
  style.textContent = `
    #way-back {
      position: fixed;
      inset: 0 6.5rem auto auto;
      z-index: 1;
      padding: 0.75rem 0.5rem;
      color: var(--jp-ui-font-color1);
      font: 500 0.875rem / 1.25 var(--jp-ui-font-family);
    }
    @media (max-width: 40rem) {
      #way-back { inset-inline-end: 0; max-inline-size: 2rem; overflow: hidden; white-space: nowrap; }
    }`;
  document.head.append(style);
  document.body.append(link);
});
