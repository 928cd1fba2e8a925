/** The desk: shelves, reopening, checklists, a flood, a report by phone, tests and the handover. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, Screen } from './screen.mjs';
import { until, Vigie } from './vigie.mjs';

const FLOOD_ALERTS = 14;

let vigie, browser, hasDesk;
before(async () => {
  [vigie, browser] = await Promise.all([new Vigie({ procedure: true }).start(), launch()]);
  hasDesk = await vigie.offers('/v1/desk');
});
after(async () => { await browser?.close(); await vigie?.end(); });

/** A test of what only a server with a desk offers. */
const deskTest = (name, body) => test(name, async t => (hasDesk ? body(t) : t.skip('this server has no desk')));
const soon = seconds => new Date(Date.now() + seconds * 1000).toISOString();
const list = (screen, name) => screen.page.getByRole('button', { name: new RegExp(`^${name} \\d`) });

deskTest('a shelved alert is out of the way, and comes back by itself when its time is over', async () => {
  await vigie.post([vigie.people('old-town-plaza', 150)]);
  const screen = await Screen.open(browser, vigie.url);
  await screen.reach('Old Town plaza');
  await screen.key('s');
  await screen.page.getByRole('dialog').getByLabel('Reason').fill('works on site');
  await screen.key('Enter');
  await screen.toast('Shelved');
  await screen.row('Old Town plaza').waitFor({ state: 'detached' });
  await list(screen, 'Shelved').click();
  await screen.row('Old Town plaza').getByText('until').waitFor();
  await screen.reach('Old Town plaza');
  await screen.key('u');
  await screen.toast('Brought back');
  await list(screen, 'To do').click();
  await screen.row('Old Town plaza').getByText('back').waitFor();

  // For a moment only, as another desk may do; the clock brings it back.
  const [{ alert_id }] = await vigie.get('/v1/alerts?space=old-town-plaza');
  const done = await vigie.command(`/v1/alerts/${alert_id}/shelve`, { operator: 'Bea', note: 'a moment', until: soon(10) });
  assert.equal(done.status, 200, JSON.stringify(done.body));
  await screen.row('Old Town plaza').waitFor({ state: 'detached' });
  await screen.row('Old Town plaza').waitFor();
  await screen.reach('Old Town plaza');
  await screen.page.locator('.detail').getByText('its time on the shelf is over').waitFor();
  await screen.close();
});

deskTest('a checklist is worked through, and whoever does a step owns the alert', async () => {
  const screen = await Screen.open(browser, vigie.url, { operator: 'Cleo' });
  await screen.reach('Old Town plaza');
  const checklist = screen.page.locator('.detail').getByRole('region', { name: 'Checklist' });
  await checklist.getByRole('button', { name: 'Done: Look at the camera' }).click();
  await checklist.getByText('1 of 2 left').waitFor();
  await checklist.getByRole('button', { name: 'Skip: Send a patrol' }).click();
  await checklist.getByText('complete').waitFor();
  const [alert] = await vigie.get('/v1/alerts?space=old-town-plaza');
  assert.deepEqual([alert.handling, alert.assigned.to, alert.checklist.map(step => step.state)], ['acknowledged', 'Cleo', ['done', 'skipped']]);
  await screen.close();
});

deskTest('a mistaken close is undone, and an alert goes to a colleague', async () => {
  await vigie.post([vigie.people('old-town-plaza', 10)]);
  const screen = await Screen.open(browser, vigie.url);
  await screen.page.locator('.row.cleared', { hasText: 'Old Town plaza' }).waitFor();
  await screen.reach('Old Town plaza');
  for (const key of ['c', '2']) await screen.key(key);
  assert.equal(await screen.page.evaluate(() => document.activeElement.value), 'false', 'the focus is on what was chosen');
  await screen.key('Enter');
  await screen.toast('Closed');
  await list(screen, 'Closed').click();
  await screen.reach('Old Town plaza');
  await screen.key('u');
  await screen.toast('Reopened');
  await screen.page.locator('.detail').getByText('who did what').click();
  await screen.page.locator('.detail').getByText(/closed by Ada as false[^]*opened again by Ada/).waitFor();
  await list(screen, 'To do').click();
  await screen.reach('Old Town plaza');
  await screen.key('g');
  await screen.page.getByRole('dialog').getByLabel('To', { exact: true }).fill('Dora');
  await screen.key('Enter');
  await screen.toast('Assigned');
  await screen.row('Old Town plaza').getByText('Dora').waitFor();
  await screen.close();
});

deskTest('what somebody reports by phone goes into the log', async () => {
  const screen = await Screen.open(browser, vigie.url);
  await screen.key('n');
  const dialog = screen.page.getByRole('dialog', { name: 'Incident by phone' });
  await dialog.getByLabel('Where').selectOption('harbour-park');
  await dialog.getByLabel('What', { exact: true }).fill('fight');
  await dialog.getByRole('button', { name: 'Enter in the log' }).click();
  await screen.toast('Entered in the log');
  await until(async () => {
    const { body } = await vigie.command('/v1/sql', { sql: "SELECT category, channel FROM incidents WHERE space = 'harbour-park'" });
    return body.length === 1 && body[0].category === 'fight' && body[0].channel === 'phone';
  }, 'the incident is in history');
  await screen.close();
});

deskTest('a flood is told in one banner with a digest, and nothing of it is dropped', async () => {
  const screen = await Screen.open(browser, vigie.url);
  await vigie.post(Array.from({ length: FLOOD_ALERTS }, (_, n) => vigie.noise(n % 2 ? 'harbour-bridge' : 'old-town-bridge', 120, `n${n}`)));
  const banner = screen.page.locator('.banner.flood');
  await banner.getByText('ALERT FLOOD').waitFor();
  await banner.locator('.digest button').first().waitFor();
  const digested = await banner.locator('.digest button').allInnerTexts();
  assert.ok(digested.every(text => /^\s*\d+ in /.test(text)), `${digested}`);
  const noisy = (await vigie.get('/v1/alerts')).filter(alert => alert.rule === 'Loud');
  assert.equal(noisy.length, FLOOD_ALERTS, 'every alert is there');
  await screen.page.locator('#filter').fill('loud');
  await until(async () => await screen.page.locator('.row').count() === FLOOD_ALERTS, 'every alert is in the list');
  await screen.close();
});

deskTest('a shift begins with checks and ends with two signatures', async () => {
  const screen = await Screen.open(browser, vigie.url);
  const { page } = screen;
  await screen.key('2');
  await page.getByRole('region', { name: 'Not acknowledged' }).getByText('Harbour bridge').first().waitFor();
  await page.locator('.tile', { hasText: 'Alerts a day' }).waitFor();
  await page.getByRole('button', { name: 'Play the sounds' }).click();
  await page.getByRole('button', { name: 'I heard it' }).click();
  await page.getByText(/Last check: Ada/).waitFor();
  await page.getByRole('button', { name: 'Raise a test alert' }).click();
  await screen.toast('A test alert');
  await page.getByLabel('Arriving: Your name').fill('Bea');
  await page.getByRole('button', { name: 'Sign as leaving' }).click();
  await page.getByText(/✓ Ada/).waitFor();
  await page.getByRole('button', { name: 'Sign as arriving' }).click();
  await page.getByText(/✓ Bea/).waitFor();
  await page.getByRole('button', { name: 'Bea', exact: true }).waitFor();
  await screen.key('1');
  await page.locator('#filter').fill('vigie-test');
  const row = page.locator('.row', { hasText: 'test' }).first();
  await row.click();
  for (const key of ['c', 'Enter']) await screen.key(key);
  await screen.toast('Closed');
  await screen.close();
});

deskTest('an event and what is out of service are seen by everybody', async () => {
  const [ada, bea] = await Promise.all(['Ada', 'Bea'].map(operator => Screen.open(browser, vigie.url, { operator })));
  await ada.key('2');
  await ada.page.getByRole('button', { name: 'Begin an event' }).click();
  await ada.page.getByRole('dialog').getByLabel('Name').fill('Night market');
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Begin' }).click();
  await bea.page.locator('.banner.mode').getByText('Event: Night market').waitFor();
  await ada.page.getByRole('button', { name: 'Back to normal' }).click();
  await bea.page.locator('.banner.mode').waitFor({ state: 'detached' });

  await bea.reach('Harbour bridge');
  await bea.key('o');
  await bea.page.getByRole('dialog').getByLabel('Reason').fill('microphone broken');
  await bea.key('Enter');
  await bea.toast('Taken out of service');
  await ada.page.getByRole('region', { name: 'Out of service' }).getByText('microphone broken').waitFor();
  await ada.page.getByRole('button', { name: 'Return', exact: true }).click();
  await ada.toast('Back in service');
  await ada.close();
  await bea.close();
});
