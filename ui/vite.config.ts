import { fileURLToPath } from 'node:url';
import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Tests run on messages compiled beforehand (`npm test`): the plugin's watcher would keep vitest alive. */
const testing = Boolean(process.env['VITEST']);

const messages = (): ReturnType<typeof paraglideVitePlugin> =>
    paraglideVitePlugin({
      project: './project.inlang',
      outdir: './src/lib/paraglide',
      // The language is a setting kept by Rust: nothing is read from, or written to, the browser.
      strategy: ['globalVariable', 'baseLocale'],
      emitTsDeclarations: true,
      emitReadme: false,
    });

export default defineConfig({
  plugins: [...(testing ? [] : [messages()]), svelte()],
  resolve: {
    alias: { $lib: at('./src/lib'), $features: at('./src/features'), $screens: at('./src/screens') },
    // Component tests run in a DOM: without this, Svelte would resolve to its server build.
    ...(testing ? { conditions: ['browser'] } : {}),
  },
  clearScreen: false,
  server: { host: '127.0.0.1', port: 5173, strictPort: true },
  build: {
    // WebKitGTK 2.40, WebView2 and WKWebView of macOS 13 all reach this level.
    target: ['safari16.4', 'chrome111'],
    // The content security policy allows no data: scripts or styles, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
    restoreMocks: true,
  },
});
