/** One key each for what an operator does all night. Nothing here fires while somebody types or a dialog is open. */
import { handlingOf } from '../model/order';
import { desk } from './commands.svelte';
import { prefs } from './prefs.svelte';
import { look, VIEWS, type DialogName } from './view.svelte';

/** What is done with the alert in focus or the marked ones. */
export const acts = {
  acknowledge: () => {
    const ids = look.targets;
    // What was marked moves out of sight; the next key must not reach it there.
    look.unmark();
    desk.give(ids, { action: 'acknowledge' });
  },
  note: () => open('acknowledge'),
  shelve: () => open('shelve'),
  assign: () => open('assign'),
  close: () => open('close'),
  /** Takes back what was done last, as far as that can be taken back. */
  undo: () => {
    const alert = look.alert;
    if (look.marked.size) {
      const ids = look.targets;
      look.unmark();
      return desk.give(ids, { action: 'unshelve' });
    }
    if (!alert) return;
    const handling = handlingOf(alert);
    if (alert.shelved && handling !== 'closed') desk.give([alert.alert_id], { action: 'unshelve' });
    else if (handling === 'closed') desk.give([alert.alert_id], { action: 'reopen' });
  },
};

function open(dialog: DialogName): void { if (look.targets.length) look.dialog = dialog; }

const KEYS: Record<string, () => void> = {
  j: () => look.step(1),
  ArrowDown: () => look.step(1),
  k: () => look.step(-1),
  ArrowUp: () => look.step(-1),
  Home: () => look.step(-Infinity),
  End: () => look.step(1e9),
  PageDown: () => look.step(10),
  PageUp: () => look.step(-10),
  x: () => { if (look.chosen) look.mark(look.chosen); },
  X: () => look.markAll(),
  a: acts.acknowledge,
  A: acts.note,
  s: acts.shelve,
  g: acts.assign,
  c: acts.close,
  u: acts.undo,
  o: () => open('out_of_service'),
  i: () => open('file'),
  n: () => { look.dialog = 'report'; },
  m: () => { look.side = look.side === 'map' ? 'alert' : 'map'; },
  '/': () => document.querySelector<HTMLInputElement>('#filter')?.focus(),
  '?': () => { look.dialog = 'keys'; },
};
/** Keys that mean something only where the list is. */
const OF_NOW = new Set(['j', 'ArrowDown', 'k', 'ArrowUp', 'Home', 'End', 'PageDown', 'PageUp', 'x', 'X', 'a', 'A', 's', 'g', 'c', 'u', 'o', 'i', 'm', '/']);
const MOVES = new Set(['ArrowDown', 'ArrowUp', 'Home', 'End', 'PageDown', 'PageUp']);

export function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const target = event.target as HTMLElement;
  if (document.querySelector('dialog[open]')) return;
  if (event.key === 'Escape') {
    look.escape();
    if (target.matches('input, textarea, select')) target.blur();
    return;
  }
  if (target.matches('input, textarea, select')) return;
  // A control keeps the keys that browsers give it.
  if (MOVES.has(event.key) && !target.matches('body, [role=listbox]')) return;
  const view = VIEWS[Number(event.key) - 1];
  if (view) { event.preventDefault(); return look.go(view); }
  if (event.key === 'M') return prefs.setMuted(!prefs.isMuted);
  if (OF_NOW.has(event.key) && look.view !== 'now') return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}
