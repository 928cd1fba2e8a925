/** What the page does when it can not know: a server that is gone, and one that no longer judges. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, Screen } from './screen.mjs';
import { lineTo, until, Vigie } from './vigie.mjs';

let vigie, browser;
before(async () => { [vigie, browser] = await Promise.all([new Vigie().start(), launch()]); });
after(async () => { await browser?.close(); await vigie?.end(); });

test('a lost server is unmistakable at once, and after its return nothing is missing', async () => {
  const screen = await Screen.open(browser, vigie.url);
  await vigie.post([vigie.people('old-town-plaza', 150), vigie.people('harbour-park', 150)]);
  await screen.row('Old Town plaza').waitFor();
  await vigie.kill();
  const banner = screen.page.locator('.banner.lost');
  await banner.waitFor({ timeout: 10_000 });
  assert.match(await banner.innerText(), /NO CONNECTION TO VIGIE[\s\S]*as of \d\d:\d\d:\d\d/);
  assert.ok(await screen.page.locator('main.untrusted').count(), 'the list looks old');

  await vigie.start();
  // Before the page has come back: these it can only learn from the list or the resumed stream.
  await vigie.post([vigie.people('harbour-park', 5), vigie.people('old-town-park', 150), vigie.noise('harbour-bridge', 120)]);
  await banner.waitFor({ state: 'detached' });
  for (const name of ['Old Town park', 'Harbour bridge', 'Old Town plaza']) await screen.row(name).waitFor();
  await screen.page.locator('.row.cleared', { hasText: 'Harbour park' }).waitFor();
  const listed = (await vigie.get('/v1/alerts')).length;
  await until(async () => await screen.page.locator('.row').count() === listed, 'as many rows as alerts');
  assert.equal(await screen.page.locator('main.untrusted').count(), 0);
  await vigie.post([vigie.people('old-town-station', 150)]);
  await screen.row('Old Town station').waitFor();
  await screen.close();
});

test('a server that hangs is lost, too', async () => {
  const screen = await Screen.open(browser, vigie.url);
  vigie.pause(true);
  try { await screen.page.locator('.banner.lost').waitFor({ timeout: 15_000 }); } finally { vigie.pause(false); }
  await screen.page.locator('.banner.lost').waitFor({ state: 'detached' });
  await screen.close();
});

test('a server that answers and judges no more is told from a calm one', async t => {
  if (!await vigie.offers('/v1/settings')) return t.skip('this server sends no ticks');
  const line = await lineTo(vigie.url);
  const screen = await Screen.open(browser, line.url);
  await screen.page.waitForTimeout(3_000);
  assert.equal(await screen.page.locator('.banner.lost').count(), 0, 'with ticks all is well');
  line.hasTicks = false;
  await screen.page.getByText('VIGIE IS NOT JUDGING').waitFor({ timeout: 15_000 });
  assert.ok(await screen.page.locator('main.untrusted').count(), 'the list looks old');
  line.hasTicks = true;
  await screen.page.getByText('VIGIE IS NOT JUDGING').waitFor({ state: 'detached' });
  await screen.close();
  line.end();
});
