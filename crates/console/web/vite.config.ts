import { svelte } from '@sveltejs/vite-plugin-svelte';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin, type ProxyOptions } from 'vite';

/** Writes a gzip twin of every file that gains by it; the server sends it as it is. */
function packed(): Plugin {
  let folder = '';
  const pack = (path: string): void => {
    if (statSync(path).isDirectory()) return readdirSync(path).forEach(name => pack(join(path, name)));
    const plain = readFileSync(path);
    const twin = gzipSync(plain, { level: 9 });
    if (twin.length < plain.length * 0.9) writeFileSync(`${path}.gz`, twin);
  };
  return {
    name: 'packed',
    apply: 'build',
    configResolved: config => { folder = config.build.outDir; },
    closeBundle: () => pack(folder),
  };
}

/** A running Vigie, for `npm run dev`. Its guard refuses other origins, so the header is taken off. */
const vigie = {
  target: process.env.VIGIE_URL ?? 'http://127.0.0.1:8080',
  changeOrigin: true,
  configure: proxy => proxy.on('proxyReq', request => request.removeHeader('origin')),
} satisfies ProxyOptions;

export default defineConfig({
  plugins: [svelte(), packed()],
  build: { target: 'es2022', assetsInlineLimit: 0, license: { fileName: 'assets/licences.md' }, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 1200 },
  server: { proxy: { '/v1': vigie, '/readyz': vigie } },
});
