// Where the site is.

/** Address of the site's folder, with its last slash; all pages lie in it. */
export const siteFolder = (): string => new URL('./', document.baseURI).href;
