/** axe-core finds nothing to complain about in any view, light and dark. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { launch, Screen } from './screen.mjs';
import { Vigie } from './vigie.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let vigie, browser;
before(async () => {
  [vigie, browser] = await Promise.all([new Vigie({ procedure: true }).start(), launch()]);
  await vigie.post([vigie.people('old-town-plaza', 150), vigie.people('old-town-park', 150), vigie.noise('harbour-bridge', 120), vigie.people('old-town-park', 10)]);
  // All banners at once: a flood, and an event.
  await vigie.post(Array.from({ length: 14 }, (_, n) => vigie.noise('old-town-station', 120, `n${n}`)));
  const mode = { operator: 'Ada', mode: 'event', name: 'Night market', coordinator: 'Cid', until: new Date(Date.now() + 3_600_000).toISOString() };
  await vigie.command('/v1/mode', mode);
  await vigie.command('/v1/out-of-service', { operator: 'Ada', note: 'being replaced', space: 'harbour-park' });
});
after(async () => { await browser?.close(); await vigie?.end(); });

/** Each view by its key, and what shows that it is there. */
const VIEWS = { now: ['1', '.row'], shift: ['2', '.tile'], rules: ['3', '.page table'], nodes: ['4', '.page table'], ask: ['5', '.page textarea'] };

for (const theme of ['light', 'dark']) {
  test(`no violation in ${theme}`, async () => {
    const screen = await Screen.open(browser, vigie.url, { theme });
    for (const [view, [key, sign]] of Object.entries(VIEWS)) {
      await screen.key(key);
      await screen.page.locator(sign).first().waitFor();
      if (view === 'now') { await screen.key('j'); await screen.page.locator('.detail .uplot').waitFor(); }
      await check(screen, `${view} in ${theme}`);
    }
    await screen.key('1');
    // A key that comes before the list is there is one of the view that goes.
    await screen.page.locator('.row').first().waitFor();
    for (const key of ['?', 's', 'n', 'g', 'A']) {
      await screen.key('j');
      await screen.page.locator('.detail .uplot').waitFor();
      await screen.key(key);
      await screen.page.getByRole('dialog').waitFor();
      await check(screen, `dialog ${key} in ${theme}`);
      await screen.key('Escape');
      await screen.page.getByRole('dialog').waitFor({ state: 'detached' });
    }
    await screen.close();
  });
}

async function check(screen, what) {
  // The page lets no foreign script in; the debugger may bring one all the same.
  await screen.page.evaluate(AXE);
  const { violations } = await screen.page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.slice(0, 4).map(node => `${node.target} ${node.failureSummary.split('\n')[1] ?? ''}`).join('\n  ')}`);
  assert.deepEqual(told, [], what);
}
