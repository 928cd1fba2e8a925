/** Without a mouse: everything an operator does all night. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, Screen } from './screen.mjs';
import { Vigie } from './vigie.mjs';

let vigie, browser;
before(async () => { [vigie, browser] = await Promise.all([new Vigie().start(), launch()]); });
after(async () => { await browser?.close(); await vigie?.end(); });

test('keys alone find, mark, acknowledge, filter, look elsewhere and come back', async () => {
  await vigie.post(['plaza', 'market', 'bridge', 'park'].map(kind => vigie.people(`old-town-${kind}`, 150)));
  const screen = await Screen.open(browser, vigie.url);
  const { page } = screen;
  await page.locator('.row').nth(3).waitFor();
  for (const key of ['j', 'x', 'j', 'x', 'a']) await screen.key(key);
  await screen.toast('Acknowledged: 2 of 2');
  assert.equal(await page.getByRole('button', { name: 'Unmark' }).count(), 0, 'nothing stays marked out of sight');
  await page.locator('.row.acknowledged').nth(1).waitFor();
  assert.equal((await vigie.get('/v1/alerts?handling=acknowledged')).length, 2);

  await screen.key('Escape');
  await screen.key('/');
  await page.keyboard.type('bridge');
  await page.waitForFunction(() => document.querySelectorAll('.row').length === 1);
  await screen.key('Escape');
  await screen.key('Escape');
  await page.waitForFunction(() => document.querySelectorAll('.row').length === 4);

  await screen.key('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await screen.key('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  for (const [key, heading] of [['2', /shift/i], ['3', /rules/i], ['4', /nodes/i], ['5', /ask/i]]) {
    await screen.key(key);
    await page.locator('main h2', { hasText: heading }).first().waitFor();
  }
  await screen.key('1');
  await page.locator('.list').waitFor();
  await screen.key('m');
  await page.locator('.map canvas, .mapside .empty').first().waitFor();
  await screen.close();
});

test('the Tab key reaches every control, and one sees where it is', async () => {
  const screen = await Screen.open(browser, vigie.url);
  const reached = new Set();
  for (let step = 0; step < 45; step += 1) {
    await screen.key('Tab');
    const { name, isVisible } = await screen.page.evaluate(() => {
      const at = document.activeElement, style = getComputedStyle(at);
      return { name: at.id || at.getAttribute('aria-label') || at.textContent.trim().slice(0, 20), isVisible: style.outlineStyle !== 'none' || at.matches('.skip, body') };
    });
    assert.ok(isVisible, `${name} shows that it has the focus`);
    reached.add(name);
  }
  for (const wanted of ['filter', 'To do']) assert.ok([...reached].some(name => name.includes(wanted)), `${wanted} of ${[...reached]}`);
  await screen.close();
});
