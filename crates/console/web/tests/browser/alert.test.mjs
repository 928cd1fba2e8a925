/** One alert from the event to its closing, as an operator sees it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, Screen } from './screen.mjs';
import { until, Vigie } from './vigie.mjs';

/** From the 200 of the event to the row on the screen. */
const VISIBLE_MS_MAX = 500;

let vigie, browser;
before(async () => { [vigie, browser] = await Promise.all([new Vigie({ procedure: false }).start(), launch()]); });
after(async () => { await browser?.close(); await vigie?.end(); });

test('an alert is visible within half a second of its event being stored', async () => {
  const screen = await Screen.open(browser, vigie.url);
  await screen.page.getByText('All calm').waitFor();
  const taken = [];
  for (const space of ['old-town-plaza', 'old-town-market', 'old-town-bridge', 'harbour-plaza', 'harbour-market']) {
    const name = await seen(screen, space);
    await vigie.post([vigie.people(space, 150)]);
    const stored = Date.now();
    await until(() => screen.page.evaluate(() => typeof globalThis.seenAt === 'number'), `the alert of ${name}`);
    taken.push(await screen.page.evaluate(() => globalThis.seenAt) - stored);
  }
  console.log(`visible after ${taken.join(', ')} ms`);
  // A machine that is busy with others may hold up one of them, not most.
  const median = taken.toSorted((a, b) => a - b)[2];
  assert.ok(median <= VISIBLE_MS_MAX, `${taken} ms`);
  await screen.close();
});

/** Notes when the first row about a space is in the document and has a place on the screen. */
async function seen(screen, space) {
  const names = await screen.page.evaluate(async id => {
    const { features } = await (await fetch('/v1/spaces')).json();
    const { name } = features.find(feature => feature.id === id).properties;
    globalThis.seenAt = undefined;
    const look = () => {
      const row = [...document.querySelectorAll('.row')].find(one => one.textContent.includes(name));
      if (row && row.getBoundingClientRect().height > 0) { globalThis.seenAt = Date.now(); return; }
      requestAnimationFrame(look);
    };
    look();
    return name;
  }, space);
  return names;
}

test('it is acknowledged with one key, and closed with three once it is over', async () => {
  const screen = await Screen.open(browser, vigie.url);
  await screen.reach('Old Town plaza');
  await screen.key('a');
  await screen.toast('Acknowledged');
  const [alert] = await vigie.get('/v1/alerts?space=old-town-plaza');
  assert.equal(alert.acknowledged.operator, 'Ada');
  await screen.page.locator('.row.acknowledged', { hasText: 'Old Town plaza' }).waitFor();

  assert.ok(await screen.page.getByRole('button', { name: 'Close c' }).isDisabled(), 'what is going on cannot be closed');
  await vigie.post([vigie.people('old-town-plaza', 10)]);
  await screen.page.locator('.row.cleared', { hasText: 'Old Town plaza' }).waitFor();
  await screen.reach('Old Town plaza');
  for (const key of ['c', '3', 'Enter']) await screen.key(key);
  await screen.toast('Closed');
  assert.equal((await vigie.get('/v1/alerts?space=old-town-plaza'))[0].closed.disposition, 'nuisance');
  await screen.page.getByRole('button', { name: /^Closed/ }).click();
  await screen.row('Old Town plaza').getByText('Nuisance').waitFor();
  await screen.close();
});

test('the alert says what to do, why it began and how the values went', async () => {
  const screen = await Screen.open(browser, vigie.url);
  await screen.reach('Old Town market');
  const detail = screen.page.locator('.detail');
  await detail.getByText('confirm by camera, then send a patrol').waitFor();
  await detail.getByText('The rule speaks up when value >= 100').waitFor();
  await detail.locator('.uplot').waitFor();
  assert.match(await detail.locator('.chart').getAttribute('aria-label'), /people_count: limit 100, ends at 80/);
  await detail.getByRole('button', { name: 'Ask the rule' }).click();
  await detail.locator('.words').nth(1).waitFor();
  await detail.getByText('The first one of this rule here.').waitFor();
  await screen.close();
});

test('two operators see what the other one does', async () => {
  const [ada, bea] = await Promise.all(['Ada', 'Bea'].map(operator => Screen.open(browser, vigie.url, { operator })));
  await ada.reach('Harbour market');
  await ada.key('a');
  await bea.page.locator('.row.acknowledged', { hasText: 'Harbour market' }).getByText('Ada').waitFor();
  await bea.reach('Harbour plaza');
  await bea.key('a');
  await ada.page.locator('.row.acknowledged', { hasText: 'Harbour plaza' }).getByText('Bea').waitFor();
  await ada.close();
  await bea.close();
});

test('who is at the desk is asked once', async () => {
  const screen = await Screen.open(browser, vigie.url, { operator: '' });
  await screen.reach('Old Town bridge');
  await screen.key('a');
  await screen.page.getByRole('dialog').getByLabel('Name').fill('Cleo');
  await screen.key('Enter');
  await screen.toast('Acknowledged');
  assert.equal((await vigie.get('/v1/alerts?space=old-town-bridge'))[0].acknowledged.operator, 'Cleo');
  await screen.page.reload();
  await screen.page.getByRole('button', { name: 'Cleo' }).waitFor();
  await screen.close();
});
