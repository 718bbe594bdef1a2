/** Reading a module's syntax tree, which Vite has from Rollup or from Rolldown. */
import type { ESTree, Rolldown } from 'vite';

/** Nothing where it is no JavaScript, or not yet: whoever reads it next says so. */
export function parsed(asked: Pick<Rolldown.PluginContext, 'parse'>, code: string): ESTree.Program | null {
  try {
    return asked.parse(code);
  } catch {
    return null;
  }
}

/** A node and all below it, each before what it is made of. */
export function* nodesOf(node: ESTree.Node): Generator<ESTree.Node> {
  yield node;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) yield* nodesOf(child);
  }
}

function isNode(value: unknown): value is ESTree.Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

/** The text that a string has whatever runs. */
export function fixedText(node: ESTree.Node): string | undefined {
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node.type !== 'TemplateLiteral' || node.expressions.length > 0) return undefined;
  return node.quasis[0]?.value.cooked ?? undefined;
}

/** `source`: what is imported, as it is written. `at`: where that is written, with its quotes. */
export interface Import {
  readonly source: string;
  readonly at: number;
}

/** Those of a module, and those by `import()` as far as they are written out. */
export function importsOf(program: ESTree.Program): Import[] {
  return [...nodesOf(program)].flatMap((node) => {
    const from = 'source' in node ? node.source : null;
    const source = isNode(from) ? fixedText(from) : undefined;
    return isNode(from) && source !== undefined ? [{ source, at: from.start }] : [];
  });
}

/** The last property of that name, as it is the one that counts. */
export function propertyOf(object: ESTree.ObjectExpression, name: string): ESTree.ObjectProperty | undefined {
  const named = object.properties.filter(
    (property): property is ESTree.ObjectProperty =>
      property.type === 'Property' && !property.computed && keyOf(property) === name,
  );
  return named.at(-1);
}

function keyOf({ key }: ESTree.ObjectProperty): string | undefined {
  return key.type === 'Identifier' ? key.name : fixedText(key);
}
