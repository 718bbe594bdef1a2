/** Where a module names the script of a hub, and how. */
import type { ESTree } from 'vite';
import { type Asked, isHubScript, isSource } from './hub-script.ts';
import { fixedText, importsOf, nodesOf } from './syntax.ts';

/** `script`: as it is written, and `file`, absolute, without a query. `at`: where, in the module's code. */
export interface Mention {
  readonly script: string;
  readonly file: string;
  readonly at: number;
  readonly form: Form;
}

export type Form =
  /** `new URL('…', …)`. `worker`: the constructor of a worker whose first argument it is. */
  | { readonly is: 'url'; readonly url: ESTree.NewExpression; readonly worker: Worker | undefined }
  /** `new SharedWorker('…')` */
  | { readonly is: 'path'; readonly worker: Worker }
  /** `import … from '…?query'` */
  | { readonly is: 'import'; readonly query: URLSearchParams };

export interface Worker {
  readonly constructed: ESTree.NewExpression;
  readonly class: 'SharedWorker' | 'Worker';
}

/** Modules that are not the application's: packages, and what plugins make up. */
export const NOT_WRITTEN_HERE = /\/node_modules\/|\0/;
/** Only a module in which one of these stands names a script by more than an import. */
export const MAY_MENTION = /\b(?:Shared)?Worker\b|\bURL\b|[?&](?:sharedworker|worker|url|inline)\b/;

/** Those in a module, of which `program` is the code. */
export async function mentionsIn(asked: Asked, program: ESTree.Program, id: string): Promise<Mention[]> {
  const mentions: Mention[] = [];
  for (const { script, at, form } of scriptsIn(program)) {
    const file = await fileOf(asked, script, id);
    if (file !== undefined && (await isHubScript(asked, file))) mentions.push({ script, file, at, form });
  }
  return mentions;
}

function* scriptsIn(program: ESTree.Program): Generator<Omit<Mention, 'file'>> {
  for (const { source, at } of importsOf(program)) {
    const [script = '', query] = source.split('?');
    if (query !== undefined) yield { script, at, form: { is: 'import', query: new URLSearchParams(query) } };
  }
  const workers = new Map<ESTree.Node, Worker>();
  for (const node of nodesOf(program)) {
    if (node.type !== 'NewExpression') continue;
    const [first] = node.arguments;
    const name = nameOf(node.callee);
    if (!first || name === undefined) continue;
    const script = fixedText(first);
    if (name === 'URL') {
      if (script !== undefined)
        yield { script, at: node.start, form: { is: 'url', url: node, worker: workers.get(node) } };
    } else if (name === 'SharedWorker' || name === 'Worker') {
      const worker: Worker = { constructed: node, class: name };
      workers.set(first, worker);
      if (script !== undefined) yield { script, at: node.start, form: { is: 'path', worker } };
    }
  }
}

/** `SharedWorker`, also of `globalThis.SharedWorker`. */
function nameOf(callee: ESTree.Expression): string | undefined {
  if (callee.type === 'Identifier') return callee.name;
  if (callee.type !== 'MemberExpression') return undefined;
  return callee.property.type === 'Identifier' && !callee.computed
    ? callee.property.name
    : fixedText(callee.property);
}

/** As Vite finds it: `hub.ts` may be a file beside the module, too. */
async function fileOf(asked: Asked, script: string, id: string): Promise<string | undefined> {
  const path = script.replace(/[?#].*/s, '');
  const found = (await asked.resolve(path, id)) ?? (await asked.resolve(`./${path}`, id));
  return found && isSource(found.id) ? found.id : undefined;
}
