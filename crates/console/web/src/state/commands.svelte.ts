/** What the operator does: sends it, folds the answer in, and says in words what came of it. */
import { api, NotOffered } from '../api/client';
import type { AlertCommand, BulkAction } from '../api/types';
import { t } from '../i18n/words.svelte';
import { prefs } from './prefs.svelte';
import { room } from './room.svelte';
import { look } from './view.svelte';

const TOAST_MS = 4_000;
const REFUSAL_MS = 10_000;
/** Most alerts in one bulk command. */
const BULK_MAX = 500;

class Desk {
  toast = $state<{ text: string; isBad: boolean } | undefined>();
  /** Whether the name is being asked for, and what to do once it is known. */
  asksName = $state(false);
  #then: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  say(text: string, isBad = false): void {
    this.toast = { text, isBad };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => { this.toast = undefined; }, isBad ? REFUSAL_MS : TOAST_MS);
  }

  /** Runs an action as the operator; asks for the name first where it is not known. */
  asOperator(action: (operator: string) => void): void {
    if (prefs.operator) return action(prefs.operator);
    this.#then = () => action(prefs.operator);
    this.asksName = true;
  }
  named(name: string): void {
    prefs.setOperator(name);
    this.asksName = false;
    this.#then?.();
    this.#then = undefined;
  }
  notNamed(): void { this.asksName = false; this.#then = undefined; }

  /** One command for one alert or for several. */
  give(ids: string[], command: AlertCommand): void {
    if (!ids.length) return;
    look.keepPlace();
    this.asOperator(operator => void this.#send(ids.slice(0, BULK_MAX), operator, command));
  }

  async #send(ids: string[], operator: string, command: AlertCommand): Promise<void> {
    try {
      const [only] = ids;
      if (ids.length === 1 && only !== undefined) {
        const { outcome, alert } = await api.command(only, operator, command);
        room.hear(alert);
        this.say(outcome === 'unchanged' ? t('done.unchanged') : t(`done.${command.action}`));
      } else {
        await this.#sendAll(ids, operator, command as AlertCommand & { action: BulkAction });
      }
    } catch (error) { this.refused(error); }
  }

  async #sendAll(ids: string[], operator: string, command: AlertCommand & { action: BulkAction }): Promise<void> {
    let done = 0;
    try {
      const { results } = await api.bulk(ids, operator, command);
      done = results.filter(result => result.outcome === 'done' || result.outcome === 'unchanged').length;
      await room.reload();
    } catch (error) {
      if (!(error instanceof NotOffered)) throw error;
      for (const id of ids) {
        try { room.hear((await api.command(id, operator, command)).alert); done += 1; } catch (each) { if (each instanceof NotOffered) throw each; }
      }
    }
    this.say(t('done.bulk', { what: t(`done.${command.action}`), done, of: ids.length }), done < ids.length);
  }

  /** A command of the desk; tells whether it was done. */
  async order<T>(route: string, fields: object, said: string): Promise<T | undefined> {
    try {
      const answer = await api.deskCommand<T & { desk?: typeof room.desk }>(route, fields);
      if (answer.desk) room.desk = answer.desk;
      this.say(said);
      return answer;
    } catch (error) { this.refused(error); return undefined; }
  }

  refused(error: unknown): void {
    if (error instanceof NotOffered) return this.say(t('error.not_offered'), true);
    const text = error instanceof Error ? error.message : String(error);
    this.say(error instanceof DOMException || error instanceof TypeError ? t('error.no_answer', { text }) : text, true);
  }
}
export const desk = new Desk();
