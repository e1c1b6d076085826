// A database in the browser: opened when it is first needed, and again after the browser has closed it, as Safari does
// while a page is in the background.

import { type IDBPDatabase, openDB } from 'idb';

/**
 * A function that gives the open database.
 *
 * @param upgrade  makes the stores of this version in a database of an earlier one, 0 if there was none
 * @param onClosed  is called when the browser has closed it, as it also does when the visitor deletes the site's data
 */
export function database(
  name: string,
  version: number,
  upgrade: (db: IDBPDatabase, before: number) => void,
  onClosed = () => {},
): () => Promise<IDBPDatabase> {
  let opened: Promise<IDBPDatabase> | undefined;
  const forget = () => {
    opened = undefined;
  };
  const open = () =>
    openDB(name, version, {
      upgrade,
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
