import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { en } from '../../src/i18n/en';
import { fr } from '../../src/i18n/fr';

const holes = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([hole]) => hole).sort();

it('English and French have the same words, and the same holes in them', () => {
  expect(Object.keys(fr).sort()).toEqual(Object.keys(en).sort());
  for (const [word, text] of Object.entries(en)) {
    expect(holes(fr[word as keyof typeof en]), word).toEqual(holes(text));
    expect(text.trim(), word).toBeTruthy();
    expect(fr[word as keyof typeof en].trim(), word).toBeTruthy();
  }
});

it('every word the page asks for is there, and every one there is asked for', () => {
  const files = (folder: string): string[] => readdirSync(folder).flatMap(name => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : /\.(svelte|ts)$/.test(name) && !/i18n.(en|fr)\.ts$/.test(path) ? [path] : [];
  });
  const source = files('src').map(path => readFileSync(path, 'utf8')).join('\n');
  const asked = new Set([...source.matchAll(/['"`]([a-z_]+(?:\.[a-z_]+)?)['"`]/g)].map(([, word]) => word));
  const families = new Set([...source.matchAll(/(?:t|named)\(['"`]([a-z_]+)(?:\.\$\{|['"`],)/g)].map(([, family]) => family));
  const unused = Object.keys(en).filter(word => !asked.has(word) && !families.has(word.split('.')[0]));
  expect(unused).toEqual([]);
});
