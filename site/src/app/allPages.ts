// The pages of the site by the names that they have in addresses, each fetched when it is wanted.

import type { Component } from 'svelte';

type Load = () => Promise<{ default: Component }>;

const found = {
  ...import.meta.glob<{ default: Component }>('../pages/*.svelte'),
  ...import.meta.glob<{ default: Component }>('../lessons/*/Page.svelte'),
};

/** `../pages/learn.svelte` is learn.html, `../lessons/2-sum/Page.svelte` is lesson-sum.html. */
const nameOf = (path: string): string =>
  path.replace(/^.*\/lessons\/\d+-(.+)\/.*$/, 'lesson-$1').replace(/^.*\/(.+)\.svelte$/, '$1');

export const pages: Record<string, Load | undefined> = Object.fromEntries(
  Object.entries(found).map(([path, load]) => [nameOf(path), load]),
);
