/** The formats that a trace can leave and enter as. */

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

/** `jepsen` is Jepsen's own log, the other two are histories in EDN. */
export const IMPORT_FORMATS = ['ndjson', 'etcd-ndjson', 'maelstrom', 'jepsen', 'jepsen-edn'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];
