/** The formats that a trace can leave and enter as. Pure: the window offers them, the command line names them. */

export const EXPORT_FORMATS = [
  'ndjson',
  'etcd-ndjson',
  'perfetto',
  'shiviz',
  'csv',
  'jepsen',
  'jepsen-log',
] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** `jepsen` is Jepsen's own log, `jepsen-edn` and `maelstrom` are histories in EDN. */
export const IMPORT_FORMATS = ['ndjson', 'etcd-ndjson', 'maelstrom', 'jepsen', 'jepsen-edn'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

/** Tables that the window offers as CSV; the command line knows all. */
export const EXPORT_TABLES = [
  'event',
  'message',
  'entry',
  'operation',
  'election',
  'fault',
  'finding',
  'bookmark',
  'run',
] as const;
export type ExportTable = (typeof EXPORT_TABLES)[number];

const ENDINGS: Readonly<Record<ExportFormat, string>> = {
  ndjson: '.ndjson',
  'etcd-ndjson': '.etcd.ndjson',
  perfetto: '.perfetto.json',
  shiviz: '.shiviz.log',
  csv: '.csv',
  jepsen: '.history.edn',
  'jepsen-log': '.jepsen.log',
};

/** A name for the file, from the run's title. */
export function exportName(title: string, format: ExportFormat, table?: string): string {
  const stem = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60);
  const which = format === 'csv' && table !== undefined ? `-${table}` : '';
  return `${stem === '' ? 'run' : stem}${which}${ENDINGS[format]}`;
}
