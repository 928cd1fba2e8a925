/** Operators' screens: pages of one real Chromium, each in a context of its own, that fail the test on any error of the page. */
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];
/** What a browser says that is no fault of the page: a server that is down, or lacks a route. */
const EXPECTED = /Failed to load resource|ERR_CONNECTION|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|GL Driver Message|WebGL|autofocus/i;

export const launch = () => chromium.launch({ executablePath: process.env.VIGIE_CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });

export class Screen {
  constructor(page) { this.page = page; this.faults = []; }

  static async open(browser, url, { operator = 'Ada', lang = 'en', theme = 'light', width = 1440, height = 900 } = {}) {
    const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce', locale: 'en-GB' });
    await context.addInitScript(([name, language, look]) => {
      if (name) localStorage.setItem('vigie-operator', name);
      localStorage.setItem('vigie-lang', language);
      localStorage.setItem('vigie-theme', look);
    }, [operator, lang, theme]);
    const screen = new Screen(await context.newPage());
    screen.page.on('pageerror', error => screen.faults.push(error.stack ?? error.message));
    screen.page.on('console', message => {
      if (message.type() === 'error' && !EXPECTED.test(message.text())) screen.faults.push(message.text());
    });
    await screen.page.goto(url);
    await screen.page.locator('.link.live').waitFor();
    return screen;
  }

  row(text) { return this.page.locator('.row', { hasText: text }); }
  key(key) { return this.page.keyboard.press(key); }
  /** Goes to the next alert until the one with this text is in focus. */
  async reach(text) {
    await this.page.locator('.list').focus();
    await this.key('Home');
    for (let step = 0; step < 60; step += 1) {
      if (await this.page.locator('.row.chosen', { hasText: text }).count()) return;
      await this.key('j');
    }
    assert.fail(`no alert says ${text}`);
  }
  async toast(text) { await this.page.locator('.toast', { hasText: text }).waitFor(); }
  async close() {
    await this.page.context().close();
    assert.deepEqual(this.faults, [], 'the page said nothing wrong');
  }
}
