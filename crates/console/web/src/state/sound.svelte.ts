/**
 * One short figure of tones per severity, and one of its own for a lost connection. Browsers play nothing before somebody has
 * touched the page; until then `isBlocked` says so, and the page shows it: silence must never pass for calm.
 */
import { prefs } from './prefs.svelte';
import type { Severity } from '../api/types';

/** Frequencies in hertz, one after the other; 0 is a rest. */
const FIGURES: Record<Severity | 'lost', number[]> = {
  critical: [880, 660, 880, 660, 880, 660],
  high: [880, 0, 880, 0, 880],
  medium: [660, 0, 660],
  low: [520],
  informational: [440],
  lost: [440, 330, 220, 0, 440, 330, 220],
};
const TONE_S = 0.13;
const LOUDNESS = 0.25;

class Sound {
  #context: AudioContext | undefined;
  isBlocked = $state(true);
  /** How many figures were played; tests count them. */
  played = $state(0);

  /** To be called from a key or a click, when the browser allows it. */
  unlock(): void {
    try {
      this.#context ??= new AudioContext();
      void this.#context.resume().then(() => { this.isBlocked = this.#context?.state !== 'running'; });
    } catch { this.isBlocked = true; } // a machine without any sound
  }

  play(figure: Severity | 'lost'): void {
    const context = this.#context;
    if (prefs.isMuted || !context || context.state !== 'running') return;
    this.played += 1;
    FIGURES[figure].forEach((hertz, index) => {
      if (!hertz) return;
      const tone = context.createOscillator(), gain = context.createGain(), begin = context.currentTime + index * TONE_S;
      tone.type = figure === 'lost' ? 'sawtooth' : 'triangle';
      tone.frequency.value = hertz;
      gain.gain.setValueAtTime(0, begin);
      gain.gain.linearRampToValueAtTime(LOUDNESS, begin + 0.01);
      gain.gain.linearRampToValueAtTime(0, begin + TONE_S);
      tone.connect(gain).connect(context.destination);
      tone.start(begin);
      tone.stop(begin + TONE_S);
    });
  }
}
export const sound = new Sound();
