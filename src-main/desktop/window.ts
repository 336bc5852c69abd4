/** The desktop window. */
import path from 'node:path';
import { BrowserWindow, nativeTheme, screen } from 'electron';
import { PAGE } from './protocol.ts';
import { hexColour, isReachable, readWindowState, writeWindowState } from './window-state.ts';

const FIRST_SIZE = { width: 1280, height: 800 };
const SMALLEST = { minWidth: 960, minHeight: 600 };
/** The lowest surface of each theme: a first start follows the system's. */
const FIRST_BACKGROUNDS = { dark: '#0f1318', light: '#f3f5f8' } as const;

/** Opens the window; it shows once the page has something to show. Its place is remembered in `stateFile`. */
export function openWindow(stateFile: string): BrowserWindow {
  const state = readWindowState(stateFile);
  const displays = screen.getAllDisplays().map((display) => display.workArea);
  const bounds = state && isReachable(state.bounds, displays) ? state.bounds : FIRST_SIZE;
  let background = state?.background ?? FIRST_BACKGROUNDS[nativeTheme.shouldUseDarkColors ? 'dark' : 'light'];
  const window = new BrowserWindow({
    ...bounds,
    ...SMALLEST,
    title: 'Quorum Lab',
    backgroundColor: background,
    show: false,
    autoHideMenuBar: true,
    webPreferences: {
      // Beside this file's folder in the build.
      preload: path.join(import.meta.dirname, '../preload/preload.cjs'),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
      navigateOnDragDrop: false,
      disableBlinkFeatures: 'Auxclick',
    },
  });
  if (state?.maximized) window.maximize();

  window.once('ready-to-show', () => {
    window.show();
    void rememberBackground();
  });
  async function rememberBackground(): Promise<void> {
    const computed: unknown = await window.webContents.executeJavaScript(
      'getComputedStyle(document.body).backgroundColor',
    );
    background = hexColour(computed) ?? background;
    if (!window.isDestroyed()) window.setBackgroundColor(background);
  }
  window.on('close', () =>
    writeWindowState(stateFile, {
      bounds: window.getNormalBounds(),
      maximized: window.isMaximized(),
      background,
    }),
  );
  void window.loadURL(PAGE);
  return window;
}

/** Brings the window before the person, wherever it hides. */
export function showWindow(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore();
  window.show();
  window.focus();
}
