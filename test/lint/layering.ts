/** ESLint rule: imports run one way (DESIGN §3, data in `layers.ts`), and name the file they mean. */
import path from 'node:path';
import { builtinModules } from 'node:module';
import type { Rule } from 'eslint';
import { forbiddenFile, forbiddenPackage, layerOf } from './layers.ts';

interface Import {
  readonly node: Rule.Node;
  readonly source: string;
  readonly typeOnly: boolean;
}

interface Options {
  /** The top of the repository; layers are named from there. */
  readonly root?: string;
}

const builtin = new Set(builtinModules);

function stringOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('value' in value)) return undefined;
  return typeof value.value === 'string' ? value.value : undefined;
}

/** Only `import type` is erased whole; `import { type A }` still loads the module. */
const saysType = (node: object, key: 'importKind' | 'exportKind') =>
  key in node && (node as Record<string, unknown>)[key] === 'type';

export const layering: Rule.RuleModule = {
  meta: {
    type: 'problem',
    schema: [{ type: 'object', properties: { root: { type: 'string' } }, additionalProperties: false }],
    messages: {
      direction: '{{reason}} (imports run one way: DESIGN §3).',
      extension: "'{{source}}' must name the file with its extension: the sources run as they are.",
      builtin: "Write 'node:{{source}}'.",
    },
  },
  create(context) {
    const [options = {}] = context.options as readonly Options[];
    const root = options.root ?? context.cwd;
    const fromTop = (file: string) => path.relative(root, file).split(path.sep).join('/');
    const file = fromTop(context.filename);

    function check({ node, source, typeOnly }: Import): void {
      const bare = source.replace(/\?.*$/, '');
      if (bare.startsWith('.') || path.isAbsolute(bare)) {
        const target = fromTop(path.resolve(path.dirname(context.filename), bare));
        const reason = forbiddenFile(file, target, typeOnly);
        if (reason) context.report({ node, messageId: 'direction', data: { reason } });
        if (layerOf(file) && path.extname(bare) === '') {
          context.report({ node, messageId: 'extension', data: { source } });
        }
        return;
      }
      const isBuiltin = builtin.has(bare);
      if (isBuiltin && !bare.startsWith('node:'))
        context.report({ node, messageId: 'builtin', data: { source } });
      const reason = forbiddenPackage(file, isBuiltin && !bare.startsWith('node:') ? `node:${bare}` : bare);
      if (reason) context.report({ node, messageId: 'direction', data: { reason } });
    }

    return {
      ImportDeclaration(node) {
        const source = stringOf(node.source);
        const typeOnly = saysType(node, 'importKind');
        if (source !== undefined) check({ node, source, typeOnly });
      },
      ExportNamedDeclaration(node) {
        const source = stringOf(node.source);
        const typeOnly = saysType(node, 'exportKind');
        if (source !== undefined) check({ node, source, typeOnly });
      },
      ExportAllDeclaration(node) {
        const source = stringOf(node.source);
        if (source !== undefined) check({ node, source, typeOnly: saysType(node, 'exportKind') });
      },
      ImportExpression(node) {
        const source = stringOf(node.source);
        if (source !== undefined) check({ node, source, typeOnly: false });
      },
      // `import('../x.ts').Name` inside a type
      TSImportType(node: Rule.Node) {
        const source = 'source' in node ? stringOf(node.source) : undefined;
        if (source !== undefined) check({ node, source, typeOnly: true });
      },
    };
  },
};
