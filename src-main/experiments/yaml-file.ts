/** Reading a user's YAML file against a schema, with errors that say line and column. */
import { readFileSync } from 'node:fs';
import { isMap, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';

const BYTES_MAX = 1024 * 1024;

/** A file of the user's cannot be used. The message names file, line, column and what would be right. */
export class FileError extends Error {}

/** Reads and checks a YAML file. Throws {@link FileError}. */
export function readYamlFile<T>(file: string, schema: z.ZodType<T>): { value: T; text: string } {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EISDIR'
          ? 'it is a folder'
          : `it cannot be read (${code})`;
    throw new FileError(`${file}: ${why}.`);
  }
  return { value: checkYaml(file, text, schema), text };
}

/** Checks YAML text; `file` is only used in messages. Throws {@link FileError}. */
export function checkYaml<T>(file: string, text: string, schema: z.ZodType<T>): T {
  if (text.length > BYTES_MAX)
    throw new FileError(`${file}: larger than ${BYTES_MAX} bytes, so not a file of ours.`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const broken = document.errors[0];
  if (broken) throw new FileError(`${place(broken.pos[0])}: not valid YAML: ${broken.message}`);
  if (!isMap(document.contents))
    throw new FileError(
      `${place(0)}: ${document.contents === null ? 'the file is empty' : 'this is no list of fields'}; it must begin with a line such as "format: quorum-lab/…".`,
    );
  const result = schema.safeParse(plain(document, file));
  if (result.success) return result.data;
  const issue = deepest(result.error.issues);
  if (!issue) throw new FileError(`${file}: not of the expected form.`);
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  const offset = offsetOf(document, unknown === undefined ? path : [...path, unknown], unknown !== undefined);
  const field = path.length > 0 ? ` in ${path.join('.')}` : '';
  const what = unknown === undefined ? `${issue.message}${field}` : `unknown field "${unknown}"${field}`;
  throw new FileError(`${place(offset)}: ${what}.`);
}

/** Aliases may name nothing, or multiply a small file into a large one: then there is no value. */
function plain(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new FileError(`${file}: its aliases cannot be followed: ${(error as Error).message}.`);
  }
}

/** What zod says of a union that does not speak for itself. */
const UNSAID = 'Invalid input';

/** Of a union's failures, the one that got furthest is the one the author meant; where none got anywhere, the union says what it takes. */
function deepest(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue | undefined {
  const issue = issues[0];
  if (issue?.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const candidates = issue.errors.flatMap((branch) => deepest(branch) ?? []);
  const best = candidates.reduce<z.core.$ZodIssue | undefined>(
    (found, next) => (found && found.path.length >= next.path.length ? found : next),
    undefined,
  );
  if (best === undefined || (best.path.length === 0 && issue.message !== UNSAID)) return issue;
  return { ...best, path: [...issue.path, ...best.path] };
}

type Document = ReturnType<typeof parseDocument>;

/** Byte offset of the node at `path`, or of the nearest parent that exists; of its key when `ofKey`. */
function offsetOf(document: Document, path: readonly (string | number)[], ofKey: boolean): number {
  for (let depth = path.length; depth >= 0; depth--) {
    if (ofKey && depth === path.length) {
      const parent = depth === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
      const key = keyOffset(parent, path[depth - 1]);
      if (key !== undefined) return key;
    }
    const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    const start = rangeStart(node);
    if (start !== undefined) return start;
  }
  return 0;
}

function rangeStart(node: unknown): number | undefined {
  const range = (node as { range?: [number, number, number] | null } | null | undefined)?.range;
  return range?.[0];
}

function keyOffset(map: unknown, name: string | number | undefined): number | undefined {
  const items = (map as { items?: { key?: unknown }[] } | null | undefined)?.items;
  const pair = items?.find((item) => (item.key as { value?: unknown } | undefined)?.value === name);
  return rangeStart(pair?.key);
}
