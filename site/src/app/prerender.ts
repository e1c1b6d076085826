// What a page is before its script runs.

import type { Component } from 'svelte';
import { render } from 'svelte/server';
import { type Language, setLanguage } from './language.svelte';

export function prerender(page: Component, language: Language): { head: string; body: string } {
  setLanguage(language);
  const { head, body } = render(page);
  return { head, body };
}
