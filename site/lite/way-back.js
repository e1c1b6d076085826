// Runs first in each page of JupyterLite: a link back to the site, in a corner that is free at any width. On a phone the
// notices beside the menus go, which would hide the last menus, and the keyboard's shortcuts within them: menus fit.
document.addEventListener('DOMContentLoaded', () => {
  const link = document.createElement('a');
  link.href = '../../';
  link.id = 'way-back';
  link.textContent = '← pyconvlite';
  const style = document.createElement('style');
  style.textContent = `
    #way-back {
      position: fixed;
      inset: auto 1rem 2rem auto;
      z-index: 1;
      padding: 0.5rem;
      border: 1px solid var(--jp-border-color1);
      border-radius: 0.5rem;
      background: var(--jp-layout-color1);
      color: var(--jp-ui-font-color1);
      font: 500 0.875rem / 1.25 var(--jp-ui-font-family);
    }
    @media (max-width: 30rem) {
      .jp-NotebookKernelStatus,
      .jp-NotebookTrustedStatus {
        display: none;
      }
      #jp-MainMenu .lm-MenuBar-item {
        padding-inline: 0.4375rem;
      }
      .lm-Menu .lm-Menu-itemShortcut {
        display: none;
      }
      .lm-Menu .lm-Menu-itemLabel {
        padding-inline-end: 0.25rem;
      }
    }`;
  document.head.append(style);
  document.body.append(link);
});
