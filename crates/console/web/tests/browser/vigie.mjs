/** A real server of the tests: the binary in VIGIE_BIN, with a centre of its own in a folder that is gone afterwards. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START_MS_MAX = 60_000;

const SPACES = ['old-town', 'harbour'].flatMap((district, row) => ['plaza', 'market', 'bridge', 'station', 'park'].map((kind, column) => ({
  type: 'Feature',
  geometry: { type: 'Point', coordinates: [2.35 + column * 0.004, 48.85 + row * 0.004] },
  properties: { id: `${district}-${kind}`, name: `${district === 'harbour' ? 'Harbour' : 'Old Town'} ${kind}`, kind, district },
})));

const rule = (name, metric, severity, extra = '') => `
  - alert: ${name}
    kind: threshold
    metric: ${metric}
    per: sensor
    raise: 'value >= 100'
    clear: 'value < 80'
    stale_after: 1d
    severity: ${severity}
    guidance:
      cause: an event nearby
      consequence: people step into the road
      action: confirm by camera, then send a patrol
      respond_within: 5m${extra}`;

const PROCEDURE = `
    procedure:
    - Look at the camera
    - Send a patrol`;

const config = (port, more) => `
[centre]
id = "testville"
name = "Testville"
time_zone = "Europe/Paris"
data_dir = "data"
[spaces]
file = "spaces.geojson"
unknown = "register"
[rules]
files = ["rules.yaml"]
[http]
listen = "127.0.0.1:${port}"
[metrics.people_count]
label = "people"
unit = "1"
[metrics.noise_db]
label = "noise"
unit = "dB"
[time]
tick = "500ms"
${more}`;

export class Vigie {
  #child;
  constructor({ more = '', procedure = false } = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'vigie-browser-'));
    this.more = more;
    writeFileSync(join(this.folder, 'spaces.geojson'), JSON.stringify({ type: 'FeatureCollection', features: SPACES }));
    writeFileSync(join(this.folder, 'rules.yaml'),
      `groups:\n- name: squares\n  rules:${rule('Crowded', 'people_count', 'high', procedure ? PROCEDURE : '')}${rule('Loud', 'noise_db', 'low')}\n`);
  }

  /** Starts it; again on the same address after a stop. */
  async start() {
    writeFileSync(join(this.folder, 'vigie.toml'), config(this.url ? new URL(this.url).port : 0, this.more));
    this.#child = spawn(process.env.VIGIE_BIN, ['serve', '--config', join(this.folder, 'vigie.toml')], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    this.url = await new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`it did not listen in time: ${said}`)), START_MS_MAX);
      const hear = text => {
        said += text;
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
        if (found) { clearTimeout(late); resolve(found[0]); }
      };
      this.#child.stdout.on('data', hear);
      this.#child.stderr.on('data', text => { said += text; });
      this.#child.on('exit', code => { clearTimeout(late); reject(new Error(`it ended with ${code}: ${said}`)); });
    });
    await until(async () => (await fetch(`${this.url}/readyz`)).ok, 'the server is ready');
    return this;
  }

  /** Ends it at once, as a power cut would. */
  async kill() {
    const ended = new Promise(resolve => { this.#child.once('exit', resolve); });
    this.#child.kill('SIGKILL');
    await ended;
  }
  async end() {
    await this.kill().catch(() => undefined);
    rmSync(this.folder, { recursive: true, force: true });
  }
  /** Lets it stand still, or go on. */
  pause(isPaused) { this.#child.kill(isPaused ? 'SIGSTOP' : 'SIGCONT'); }

  async post(events) {
    const body = events.map(event => JSON.stringify({ time: Date.now(), ...event })).join('\n');
    const reply = await fetch(`${this.url}/v1/events`, { method: 'POST', headers: { 'content-type': 'application/x-ndjson' }, body });
    if (!reply.ok) throw new Error(`events: ${reply.status} ${await reply.text()}`);
    const answer = await reply.json();
    if (answer.rejected.length) throw new Error(JSON.stringify(answer.rejected));
    return answer;
  }
  people(space, value, sensor = 's1') { return { space, sensor, metric: 'people_count', value }; }
  noise(space, value, sensor = 's1') { return { space, sensor, metric: 'noise_db', value }; }

  async get(path) { return (await fetch(this.url + path)).json(); }
  async command(path, body) {
    const reply = await fetch(this.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    return { status: reply.status, body: await reply.json() };
  }
  async offers(path) { return (await fetch(this.url + path)).status !== 404; }
}

/**
 * A line to the server that can lose the ticks of its stream and nothing else: what a page sees of a server whose rules stand
 * still while all the rest goes on.
 */
export async function lineTo(url) {
  const line = { hasTicks: true };
  const server = createServer((asked, answer) => {
    const { origin: _origin, ...headers } = asked.headers, { host, hostname, port } = new URL(url);
    const passed = request({ hostname, port, path: asked.url, method: asked.method, headers: { ...headers, host, 'accept-encoding': 'identity' } }, got => {
      answer.writeHead(got.statusCode, got.headers);
      if (!asked.url.startsWith('/v1/alerts/stream')) return got.pipe(answer);
      let rest = '';
      got.on('data', bytes => {
        const events = (rest + bytes).split('\n\n');
        rest = events.pop();
        for (const event of events) if (line.hasTicks || !/^event: ?tick$/m.test(event)) answer.write(`${event}\n\n`);
      });
      got.on('end', () => answer.end());
    });
    passed.on('error', () => answer.destroy());
    answer.on('close', () => passed.destroy());
    asked.pipe(passed);
  });
  await new Promise(resolve => { server.listen(0, '127.0.0.1', resolve); });
  line.url = `http://127.0.0.1:${server.address().port}`;
  line.end = () => { server.closeAllConnections(); server.close(); };
  return line;
}

/** Waits for what must become true; fails with its name. */
export async function until(check, name, ms = 20_000) {
  const end = Date.now() + ms;
  for (;;) {
    if (await Promise.resolve().then(check).catch(() => false)) return;
    if (Date.now() > end) throw new Error(`not in ${ms} ms: ${name}`);
    await new Promise(resolve => setTimeout(resolve, 25));
  }
}
