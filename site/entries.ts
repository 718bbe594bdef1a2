/** Names each module of the reference as an application imports it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Application, Converter, ReflectionKind } from 'typedoc';

const ROOT = resolve(import.meta.dirname, '..');
const {
  name,
  exports,
}: { name: string; exports: Readonly<Record<string, string | { readonly types: string }>> } = JSON.parse(
  readFileSync(resolve(ROOT, 'package.json'), 'utf8'),
);
/** By their sources. */
const entries = new Map(
  Object.entries(exports).flatMap(([entry, target]) =>
    typeof target === 'string'
      ? []
      : [
          [
            resolve(ROOT, target.types.replace(/^\.\/dist\/(.*)\.d\.ts$/, '$1.ts')),
            `${name}${entry.slice(1)}`,
          ],
        ],
  ),
);

export function load(app: Application): void {
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, reflection) => {
    if (!reflection.kindOf(ReflectionKind.Module)) return;
    const [source] = context.getSymbolFromReflection(reflection)?.declarations ?? [];
    const entry = entries.get(source?.getSourceFile().fileName ?? '');
    if (entry === undefined) throw new Error(`${reflection.name} is no entry of package.json`);
    reflection.name = entry;
  });
}
