/** The page's words in the operator's language. Numbers and plurals stay out of the sentences where they can. */
import { clockTime, day, dayOnly, dayTime, duration } from '../model/duration';
import { prefs } from '../state/prefs.svelte';
import { en } from './en';
import { fr } from './fr';

export type Word = keyof typeof en;
const DICTIONARIES: Record<'en' | 'fr', Record<Word, string>> = { en, fr };

/** A sentence with `{names}` filled in. */
export function t(word: Word, values: Record<string, string | number> = {}): string {
  const text = DICTIONARIES[prefs.lang][word] ?? word;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
/** A word of a family that may be new to this page: then as it came. */
export function named(family: string, word: string | undefined): string {
  const key = `${family}.${word ?? ''}`;
  return key in en ? t(key as Word) : (word ?? '').replaceAll('_', ' ');
}

export const ago = (ms: number): string => duration(ms, prefs.lang);
export const at = (ms: number, zone: string, withSeconds = false): string => clockTime(ms, prefs.lang, zone, withSeconds);
export const onDay = (ms: number, zone: string): string => day(ms, prefs.lang, zone);
export const date = (ms: number, zone: string): string => dayOnly(ms, prefs.lang, zone);
export const when = (ms: number, zone: string): string => dayTime(ms, prefs.lang, zone);
export const number = (value: number, digits = 6): string =>
  value.toLocaleString(prefs.lang === 'fr' ? 'fr-FR' : 'en-GB', { maximumFractionDigits: digits });
