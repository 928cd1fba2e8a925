/** What this browser remembers of whoever sits here: name, language, theme, sound, saved queries. */

export type Theme = 'auto' | 'light' | 'dark';

function read(name: string): string | null {
  try { return localStorage.getItem(`vigie-${name}`); } catch { return null; }
}
function write(name: string, value: string): void {
  try { localStorage.setItem(`vigie-${name}`, value); } catch { /* a browser that keeps nothing still works */ }
}

class Prefs {
  operator = $state(read('operator') ?? '');
  lang = $state<'en' | 'fr'>(read('lang') === 'fr' || (!read('lang') && navigator.language.startsWith('fr')) ? 'fr' : 'en');
  theme = $state<Theme>((read('theme') as Theme | null) ?? 'auto');
  isMuted = $state(read('muted') === 'yes');

  setOperator(name: string): void { this.operator = name; write('operator', name); }
  setLang(lang: 'en' | 'fr'): void { this.lang = lang; write('lang', lang); document.documentElement.lang = lang; }
  /** The centre's own languages, best first; whoever has chosen one keeps it. */
  suggest(languages: string[] | undefined): void {
    const [first] = languages ?? [];
    if (!read('lang') && (first === 'en' || first === 'fr')) { this.lang = first; this.show(); }
  }
  setTheme(theme: Theme): void { this.theme = theme; write('theme', theme); this.show(); }
  setMuted(isMuted: boolean): void { this.isMuted = isMuted; write('muted', isMuted ? 'yes' : 'no'); }

  /** Tells the document what its looks depend on. */
  show(): void {
    document.documentElement.lang = this.lang;
    document.documentElement.dataset.theme = this.theme;
  }
}
export const prefs = new Prefs();

/** A list this browser keeps under a name. */
export function stored<T>(name: string, initial: T): T {
  const text = read(name);
  try { return text ? JSON.parse(text) as T : initial; } catch { return initial; }
}
export const store = (name: string, value: unknown): void => write(name, JSON.stringify(value));
