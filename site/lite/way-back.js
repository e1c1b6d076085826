// Runs first in each page of JupyterLite: a link back to the site, in the bar at the top, or below where that is full.
document.addEventListener('DOMContentLoaded', () => {
  const link = document.createElement('a');
  link.href = '../../';
  link.id = 'way-back';
  link.ariaLabel = 'pyconvlite';
  link.innerHTML = '←<span> pyconvlite</span>';
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
      #way-back {
        inset: auto 1rem 1rem auto;
        border: 1px solid var(--jp-border-color1);
        border-radius: 0.5rem;
        background: var(--jp-layout-color1);
      }
      #way-back span { display: none; }
    }`;
  document.head.append(style);
  document.body.append(link);
});
