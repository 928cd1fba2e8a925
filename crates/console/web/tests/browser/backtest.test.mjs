/** Proposed rules are tried on stored rows from the page. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, Screen } from './screen.mjs';
import { until, Vigie } from './vigie.mjs';

const PROPOSED = `groups:
- name: squares
  rules:
  - {alert: Fuller, kind: threshold, metric: people_count, per: space, raise: 'value >= 60', stale_after: 1h}
`;

let vigie, browser;
before(async () => { [vigie, browser] = await Promise.all([new Vigie().start(), launch()]); });
after(async () => { await browser?.close(); await vigie?.end(); });

test('proposed rules say what they would have told, and where they are wrong', async () => {
  // A second ago, as a backtest ends at the newest log time, which may lie behind the wall clock.
  const time = Date.now() - 1_000, people = (space, value) => ({ ...vigie.people(space, value), time });
  await vigie.post([people('old-town-plaza', 70), people('harbour-park', 70), people('harbour-market', 50)]);
  // A backtest reads what history has committed.
  await until(async () => (await vigie.command('/v1/rules/backtest', {})).status === 200, 'the rows are committed', 60_000);

  const screen = await Screen.open(browser, vigie.url);
  await screen.key('3');
  const rules = screen.page.getByLabel('Proposed rules'), button = screen.page.getByRole('button', { name: 'Judge again' });
  assert.match(await screen.page.getByLabel('From (UTC)').inputValue(), /^\d{4}-\d\d-\d\dT\d\d:\d\d$/, 'the last week is offered');
  await rules.fill(PROPOSED);
  await button.click();
  await screen.page.locator('table.backtest tr', { hasText: 'Fuller' }).waitFor({ timeout: 60_000 });
  assert.deepEqual(await screen.page.locator('table.backtest tr', { hasText: 'Fuller' }).locator('td').nth(1).innerText(), '2');
  await screen.page.getByText('No rule is the same as in production').waitFor();

  await rules.fill(PROPOSED.replace('threshold', 'threshhold'));
  await button.click();
  const mistake = screen.page.locator('pre[role=alert]');
  await mistake.waitFor();
  assert.match(await mistake.innerText(), /^proposed\.yaml:4:/);
  assert.equal(await screen.page.locator('table.backtest').count(), 0, 'no table of another question stays');
  await screen.close();
});
