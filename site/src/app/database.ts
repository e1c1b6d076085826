// A database in the browser: opened when it is first needed, and again after the browser has closed it, as Safari does
// while a page is in the background.

import { type IDBPDatabase, openDB } from 'idb';

/**
 * A function that gives the open database.
 *
 * @param make  makes the stores of a new one
 * @param onClosed  is called when the browser has closed it, as it also does when the visitor deletes the site's data
 */
export function database(
  name: string,
  make: (db: IDBPDatabase) => void,
  onClosed = () => {},
): () => Promise<IDBPDatabase> {
  let opened: Promise<IDBPDatabase> | undefined;
  const forget = () => {
    opened = undefined;
  };
  const open = () =>
    openDB(name, 1, {
      upgrade: make,
      terminated() {
        forget();
        onClosed();
      },
      blocking(_current, _next, event) {
        (event.target as IDBDatabase).close(); // another tab has a newer version of the site
        forget();
      },
    });
  return () => {
    opened ??= open();
    opened.catch(forget);
    return opened;
  };
}
