/** What this screen looks at: view, list, filter, the alert in focus, the marked ones, the open dialog. */
import { listOf, matches, type List, type Placed } from '../model/order';
import { room } from './room.svelte';

export const VIEWS = ['now', 'shift', 'rules', 'nodes', 'ask'] as const;
export type View = (typeof VIEWS)[number];
export type DialogName = 'shelve' | 'assign' | 'close' | 'acknowledge' | 'report' | 'keys' | 'mode' | 'out_of_service' | 'file';

const fromHash = (): View => VIEWS.find(view => location.hash === `#/${view}`) ?? 'now';

class Look {
  view = $state<View>(fromHash());
  list = $state<List>('todo');
  filter = $state('');
  space = $state<string | undefined>();
  chosen = $state<string | undefined>();
  marked = $state.raw<ReadonlySet<string>>(new Set());
  dialog = $state<DialogName | undefined>();
  /** On narrow screens the right side shows the alert or the map. */
  side = $state<'alert' | 'map'>('alert');

  shown = $derived.by((): Placed[] => {
    const words = this.filter.toLowerCase().split(/\s+/).filter(Boolean);
    return room.placed.filter(({ alert, group }) => listOf(group) === this.list
      && (this.space === undefined || alert.space === this.space)
      && matches(alert, words, room.placeOf(alert.space)));
  });
  /** The alert in focus, as it stands now. */
  alert = $derived.by(() => { void room.version; return room.get(this.chosen); });
  /** What a command is given to: the marked alerts, or the one in focus. */
  targets = $derived(this.marked.size ? [...this.marked] : this.chosen === undefined ? [] : [this.chosen]);

  go(view: View): void { this.view = view; history.replaceState(null, '', `#/${view}`); }
  choose(id: string | undefined): void { this.chosen = id; if (id) this.side = 'alert'; }
  show(list: List): void { this.list = list; this.unmark(); }
  toggleSpace(space: string): void { this.space = this.space === space ? undefined : space; }

  mark(id: string): void {
    const marked = new Set(this.marked);
    if (!marked.delete(id)) marked.add(id);
    this.marked = marked;
  }
  markAll(): void {
    const all = this.shown.map(({ alert }) => alert.alert_id);
    this.marked = this.marked.size === all.length ? new Set() : new Set(all.slice(0, 500));
  }
  unmark(): void { this.marked = new Set(); }

  /** Where in the list the alert stood when something was done with it: what is done moves it away, and one goes on there. */
  #place: { id: string; index: number } | undefined;
  keepPlace(): void {
    const index = this.shown.findIndex(({ alert }) => alert.alert_id === this.chosen);
    this.#place = this.chosen !== undefined && index >= 0 ? { id: this.chosen, index } : undefined;
  }

  /** Moves the focus along the list; from outside of it to its beginning. */
  step(by: number): void {
    const ids = this.shown.map(({ alert }) => alert.alert_id);
    if (!ids.length) return;
    const now = this.chosen === undefined ? -1 : ids.indexOf(this.chosen), place = this.#place;
    this.#place = undefined;
    const hasMoved = place !== undefined && place.id === this.chosen && place.index !== now;
    const to = hasMoved ? place.index + (by > 0 ? by - 1 : by) : now < 0 ? 0 : now + by;
    this.choose(ids[Math.max(0, Math.min(ids.length - 1, to))]);
  }

  /** One thing less: dialog, marks, filter, space. */
  escape(): void {
    if (this.dialog) this.dialog = undefined;
    else if (this.marked.size) this.unmark();
    else if (this.filter) this.filter = '';
    else this.space = undefined;
  }
}
export const look = new Look();
addEventListener('hashchange', () => { look.view = fromHash(); });
