/**
 * The layers of the sources and who may import whom (DESIGN §3), as data. The lint rule beside this file and the
 * test that walks the import graph both read it.
 */

/** A folder with rules of its own. The longest matching path wins, so `trace/model` is not `trace`. */
export interface Layer {
  /** Path from the top of the repository, with forward slashes. */
  readonly path: string;
  /** Paths of the layers that may be imported, besides the layer itself. */
  readonly mayImport: readonly string[];
  /** Layers of which only types may be imported. */
  readonly typesOnlyFrom?: readonly string[];
  /** Which packages may be imported: all, or those named. Node's own modules count as the package `node:`. */
  readonly packages: 'any' | readonly string[];
}

const main = (folder: string) => `src-main/${folder}`;

/** From the outside in: a folder may import every group behind its own, and never a neighbour within its group. */
const groups: readonly (readonly string[])[] = [
  // The command line starts either host (`lab serve`) and examines the machine for both (`lab doctor`).
  ['cli'],
  ['desktop', 'browser'],
  ['lab'],
  ['exercises'],
  ['experiments'],
  ['cluster', 'simulation'],
  ['node'],
  ['checks'],
  ['trace'],
  ['consensus'],
];

/** Pure parts that live inside a folder of the chain and may be imported wherever their folder may. */
const pureParts: Readonly<Record<string, string>> = {
  trace: 'trace/model',
  checks: 'checks/model',
};

const speaksApi = new Set(['desktop', 'browser', 'cli', 'lab']);

function chainLayer(folder: string, behind: readonly string[]): Layer {
  if (folder === 'consensus') return { path: main(folder), mayImport: [], packages: [] };
  const inner = [folder, ...behind].flatMap((name) => [name, ...(pureParts[name] ? [pureParts[name]] : [])]);
  const mayImport = inner.filter((name) => name !== folder).map(main);
  return {
    path: main(folder),
    mayImport: speaksApi.has(folder) ? [...mayImport, main('api')] : mayImport,
    packages: 'any',
  };
}

export const layers: readonly Layer[] = [
  ...groups.flatMap((group, at) => group.map((folder) => chainLayer(folder, groups.slice(at + 1).flat()))),
  {
    path: main('trace/model'),
    mayImport: [main('consensus')],
    typesOnlyFrom: [main('consensus')],
    packages: [],
  },
  { path: main('checks/model'), mayImport: [main('trace/model'), main('consensus')], packages: [] },
  {
    path: main('api'),
    mayImport: [main('trace/model'), main('checks/model'), main('consensus')],
    typesOnlyFrom: [main('consensus')],
    packages: ['zod'],
  },
  { path: 'src-renderer', mayImport: [main('api')], packages: 'any' },
];

/** Node's own modules may not be reached from a window; these layers are what a window loads. */
const windowLayers = new Set([
  'src-renderer',
  main('api'),
  main('trace/model'),
  main('checks/model'),
  main('consensus'),
]);

const holds = (folder: string, file: string) => file === folder || file.startsWith(`${folder}/`);

/** The layer that `file` (a path from the top, forward slashes) belongs to, if any. */
export function layerOf(file: string): Layer | undefined {
  return layers
    .filter((layer) => holds(layer.path, file))
    .reduce<Layer | undefined>(
      (best, layer) => (best && best.path.length >= layer.path.length ? best : layer),
      undefined,
    );
}

/**
 * Why `from` may not import the file `to` (both paths from the top), or undefined when it may.
 * Only code has layers: resources and settings at the top may be read by all.
 */
export function forbiddenFile(from: string, to: string, typeOnly: boolean): string | undefined {
  const layer = layerOf(from);
  if (!layer) return undefined;
  if (holds('test', to)) return `${layer.path} may not import tests`;
  const target = layerOf(to);
  if (!target) {
    return holds('src-main', to) || layer.packages.length === 0
      ? `${layer.path} may not import ${to}, which is in no layer it knows`
      : undefined;
  }
  if (target === layer) return undefined;
  if (!layer.mayImport.includes(target.path)) return `${layer.path} may not import ${target.path}`;
  if (!typeOnly && layer.typesOnlyFrom?.includes(target.path)) {
    return `${layer.path} may import types of ${target.path}, and nothing that runs`;
  }
  return undefined;
}

/** Why `from` may not import the package or Node module `name`, or undefined when it may. */
export function forbiddenPackage(from: string, name: string): string | undefined {
  const layer = layerOf(from);
  if (!layer) return undefined;
  if (name.startsWith('node:') && windowLayers.has(layer.path)) {
    return `${layer.path} is loaded by a window and may not import ${name}`;
  }
  if (layer.packages === 'any') return undefined;
  const bare = name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : (name.split('/')[0] ?? name);
  return layer.packages.includes(bare) ? undefined : `${layer.path} may not import the package ${bare}`;
}
