/** Durations and instants in the words of a language, always in the centre's time zone. */

const UNITS = { en: { s: 's', min: 'min', h: 'h', d: 'd' }, fr: { s: 's', min: 'min', h: 'h', d: 'j' } } as const;
export type Lang = keyof typeof UNITS;

/** The two largest units that matter: `42 s`, `7 min`, `3 h 5 min`, `2 d 4 h`. */
export function duration(ms: number, lang: Lang): string {
  const unit = UNITS[lang];
  const s = Math.max(0, Math.floor(ms / 1000)), min = Math.floor(s / 60), h = Math.floor(min / 60), d = Math.floor(h / 24);
  if (min < 1) return `${s} ${unit.s}`;
  if (h < 1) return `${min} ${unit.min}`;
  if (d < 1) return `${h} ${unit.h}${min % 60 ? ` ${min % 60} ${unit.min}` : ''}`;
  return `${d} ${unit.d}${h % 24 ? ` ${h % 24} ${unit.h}` : ''}`;
}

/** Milliseconds of a duration as the rules write it: `15m`, `1h30m`, `1d`. */
export function parseDuration(text: string): number | undefined {
  const factor: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
  let sum = 0, rest = text.trim();
  while (rest) {
    const part = /^(\d+(?:\.\d+)?)(ms|[smhdw])/.exec(rest);
    if (!part) return undefined;
    sum += Number(part[1]) * (factor[part[2] ?? ''] ?? NaN);
    rest = rest.slice(part[0].length);
  }
  return sum || undefined;
}

/** A zone this browser knows; UTC for one it does not. */
export function knownZone(name: string): string {
  try { new Intl.DateTimeFormat('en', { timeZone: name }); return name; } catch { return 'UTC'; }
}

const formats = new Map<string, Intl.DateTimeFormat>();
function inZone(ms: number, lang: Lang, zone: string, options: Intl.DateTimeFormatOptions): string {
  const name = lang + zone + JSON.stringify(options);
  let format = formats.get(name);
  if (!format) formats.set(name, format = new Intl.DateTimeFormat(lang === 'fr' ? 'fr-FR' : 'en-GB', { ...options, timeZone: zone, hourCycle: 'h23' }));
  return format.format(ms);
}
export const clockTime = (ms: number, lang: Lang, zone: string, withSeconds = false): string =>
  inZone(ms, lang, zone, { hour: '2-digit', minute: '2-digit', ...(withSeconds ? { second: '2-digit' } : {}) });
export const day = (ms: number, lang: Lang, zone: string): string =>
  inZone(ms, lang, zone, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
export const dayOnly = (ms: number, lang: Lang, zone: string): string => inZone(ms, lang, zone, { weekday: 'short', day: 'numeric', month: 'short' });
export const dayTime = (ms: number, lang: Lang, zone: string): string =>
  inZone(ms, lang, zone, { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
