/** The import graph of the sources, read with TypeScript's own import scanner. */
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { builtinModules } from 'node:module';
import ts from 'typescript';

export interface ImportFound {
  /** As written, except that Node's modules always carry `node:`. */
  readonly source: string;
  /** The file meant, from the top with forward slashes; undefined for packages. */
  readonly target: string | undefined;
  readonly typeOnly: boolean;
}

const builtin = new Set(builtinModules);
const isSource = /\.(ts|vue)$/;

/** All sources below `folder`, as paths from `root`. An absent folder holds none. */
export async function sourcesUnder(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(path.join(root, folder), { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  return entries
    .filter((entry) => entry.isFile() && isSource.test(entry.name))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}

function scriptOf(file: string, text: string): string {
  if (!file.endsWith('.vue')) return text;
  return [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1] ?? '').join('\n');
}

/** The static imports, re-exports and literal dynamic imports of `file`. */
export async function importsOf(root: string, file: string): Promise<ImportFound[]> {
  const text = scriptOf(file, await readFile(path.join(root, file), 'utf8'));
  const parsed = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, false, ts.ScriptKind.TS);
  const found: ImportFound[] = [];

  function add(written: string, typeOnly: boolean): void {
    const bare = written.replace(/\?.*$/, '');
    if (bare.startsWith('.')) {
      const target = path.posix.join(path.posix.dirname(file), bare);
      found.push({ source: written, target, typeOnly });
    } else {
      const source = builtin.has(bare) && !bare.startsWith('node:') ? `node:${bare}` : bare;
      found.push({ source, target: undefined, typeOnly });
    }
  }

  function visit(node: ts.Node): void {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      add(node.moduleSpecifier.text, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    } else if (
      ts.isExportDeclaration(node) &&
      node.moduleSpecifier &&
      ts.isStringLiteral(node.moduleSpecifier)
    ) {
      add(node.moduleSpecifier.text, node.isTypeOnly);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [source] = node.arguments;
      if (source && ts.isStringLiteral(source)) add(source.text, false);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      if (ts.isStringLiteral(node.argument.literal)) add(node.argument.literal.text, true);
    }
    ts.forEachChild(node, visit);
  }
  visit(parsed);
  return found;
}

/** Every file and package that loading `entries` loads; imports of types load nothing. */
export async function reachableFrom(
  root: string,
  entries: readonly string[],
): Promise<{ files: string[]; packages: string[] }> {
  const files = new Set(entries);
  const packages = new Set<string>();
  for (const file of files) {
    if (!isSource.test(file)) continue;
    for (const { source, target, typeOnly } of await importsOf(root, file)) {
      if (typeOnly) continue;
      if (target) files.add(target);
      else packages.add(source);
    }
  }
  return { files: [...files], packages: [...packages] };
}
