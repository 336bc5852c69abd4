/** Reports that the window made: the person names the file, the page never sees its path; a PDF is printed here from the same HTML. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { BrowserWindow, session, type Session } from 'electron';
import { parseReport } from '../api/schemas.ts';
import { chooseReportFile } from './dialogs.ts';

/** A session of its own, not kept on disk, in which there is this one page and nothing else. */
const PARTITION = 'report';
const PAGE = 'app://report/';
const PRINT_MS_MAX = 60_000;
/** Whatever the page says: no script, nothing from elsewhere. */
const POLICY =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
const MARGIN_INCHES = 0.55;

/** Asks for a file and writes the report there. `saved` is false where the person cancelled. Throws a sentence for the window. */
export async function saveReport(window: BrowserWindow, given: unknown): Promise<{ saved: boolean }> {
  const { name, format, html } = parseReport(given);
  const file = await chooseReportFile(window, `${name}.${format}`, format);
  if (file === undefined) return { saved: false };
  const content = format === 'pdf' ? await printed(html) : html;
  try {
    await writeFile(file, content);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new Error(`${path.basename(file)} could not be written (${code}). Choose another folder.`, {
      cause: error,
    });
  }
  return { saved: true };
}

/** The HTML as a PDF, printed by a hidden window without scripts. */
async function printed(html: string): Promise<Uint8Array> {
  const pages = session.fromPartition(PARTITION);
  serveOnly(pages, html);
  const hidden = new BrowserWindow({
    show: false,
    webPreferences: {
      session: pages,
      javascript: false,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
    },
  });
  let late: NodeJS.Timeout | undefined;
  try {
    const deadline = new Promise<never>((_resolve, reject) => {
      late = setTimeout(
        () => reject(new Error('Printing the report took over a minute. Save it as HTML instead.')),
        PRINT_MS_MAX,
      );
    });
    return await Promise.race([print(hidden), deadline]);
  } finally {
    clearTimeout(late);
    hidden.destroy();
    pages.protocol.unregisterProtocol('app');
  }
}

async function print(hidden: BrowserWindow): Promise<Uint8Array> {
  await hidden.loadURL(PAGE);
  return hidden.webContents.printToPDF({
    pageSize: 'A4',
    printBackground: true,
    generateDocumentOutline: true,
    generateTaggedPDF: true,
    margins: { top: MARGIN_INCHES, bottom: MARGIN_INCHES, left: MARGIN_INCHES, right: MARGIN_INCHES },
    displayHeaderFooter: true,
    headerTemplate: '<span></span>',
    footerTemplate:
      '<div style="width:100%;font:8px sans-serif;color:#48566a;text-align:center"><span class="pageNumber"></span> of <span class="totalPages"></span></div>',
  });
}

function serveOnly(pages: Session, html: string): void {
  if (pages.protocol.isProtocolRegistered('app')) throw new Error('Another report is being printed.');
  pages.protocol.registerBufferProtocol('app', (_request, answer) =>
    answer({
      statusCode: 200,
      headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY },
      data: Buffer.from(html),
    }),
  );
  pages.webRequest.onBeforeRequest(({ url }, answer) =>
    answer({ cancel: url !== PAGE && !url.startsWith('data:image/') }),
  );
  pages.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
}
