import path from 'node:path';
import tailwindcss from '@tailwindcss/vite';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'electron-vite';

const root = import.meta.dirname;
const source = (file: string) => path.join(root, file);

/** What runs inside Electron keeps to what Electron 33 has, until the official binary is all that is tested. */
process.env['ELECTRON_MAJOR_VER'] = '33';
const NODE = 'node20.18';
const CHROMIUM = 'chrome130';

/** The main process and, beside it, the children that it forks; each is one file of `out/main` by this name. */
const entries = {
  main: source('src-main/desktop/main.ts'),
  node: source('src-main/node/main.ts'),
  load: source('src-main/node/client/main.ts'),
  recorder: source('src-main/trace/recorder/main.ts'),
  reader: source('src-main/trace/reader/main.ts'),
  writer: source('src-main/trace/writer/main.ts'),
  exchange: source('src-main/trace/exchange/main.ts'),
  audit: source('src-main/node/audit/main.ts'),
  simulation: source('src-main/simulation/campaign/worker.ts'),
};

export default defineConfig({
  main: {
    build: {
      target: NODE,
      rolldownOptions: {
        input: entries,
        // Flat, so that `import.meta.dirname` is `out/main` in every file.
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      target: NODE,
      // A sandboxed preload script may require Electron and nothing else.
      externalizeDeps: false,
      rolldownOptions: {
        input: { preload: source('src-main/desktop/preload/preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: source('src-renderer'),
    // Taken out and put in anew by whoever serves the page: see src-main/lab/page.ts.
    html: { cspNonce: 'NONCE-OF-THIS-LOAD' },
    plugins: [vue(), tailwindcss()],
    build: {
      target: CHROMIUM,
      minify: true,
      chunkSizeWarningLimit: 2_000,
      // Fonts and pictures stay files: the content security policy allows no data: addresses for fonts.
      assetsInlineLimit: 0,
      rolldownOptions: { input: source('src-renderer/index.html') },
    },
  },
});
