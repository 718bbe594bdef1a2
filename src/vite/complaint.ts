/** Which forms of a hub's worker Vite builds, in development as in production. */
import type { ESTree } from 'vite';
import type { Mention, Worker } from './mentions.ts';
import { propertyOf } from './syntax.ts';

/** What is wrong with how a script is named, as a sentence, with what to write. Nothing where it is right. */
export function complaintAbout(mention: Mention, code: string): string | undefined {
  const wrong = whatIsWrong(mention, code);
  return wrong === undefined ? undefined : `${wrong} Write ${rightForm(mention)}.`;
}

function rightForm({ script, form }: Mention): string {
  const [path] = script.split('?');
  const url = `new URL('${path}', import.meta.url)`;
  const isDedicated = form.is !== 'import' && form.worker?.class === 'Worker';
  if (isDedicated) return `new Worker(${url}, { type: 'module' })`;
  return `new SharedWorker(${url}, { type: 'module', name: 'trunkline', extendedLifetime: true })`;
}

function whatIsWrong({ script, form }: Mention, code: string): string | undefined {
  if (form.is === 'import') return whatIsWrongInImport(script, form.query);
  const whole = form.worker?.constructed ?? (form.is === 'url' ? form.url : null);
  if (whole && code.slice(whole.start, whole.end).includes('@vite-ignore')) return undefined;
  if (form.is === 'path')
    return `The worker has a string for a URL: Vite does not build ${script}, which no browser will find in production.`;
  if (!form.worker)
    return `The URL of the hub does not stand in the constructor of its worker: Vite takes ${script} for a file to be copied, and does not build it.`;
  return whatIsWrongInUrl(script, form.worker, form.url, code) ?? whatIsWrongInOptions(form.worker);
}

function whatIsWrongInImport(script: string, query: URLSearchParams): string | undefined {
  if (query.has('inline'))
    return `${script} is imported with \`inline\`: a worker that is not a file is refused IndexedDB and locks.`;
  if (query.has('sharedworker') && !query.has('url'))
    return `${script} is imported with \`?sharedworker\`, which passes on the worker's name alone: \`extendedLifetime\` would be lost.`;
  if (query.has('url') && !query.has('sharedworker') && !query.has('worker'))
    return `${script} is imported with \`?url\` alone: Vite copies it, and does not build it.`;
  return undefined;
}

/** Vite looks for the text of it, so that nothing may stand in between. */
function whatIsWrongInUrl(
  script: string,
  { constructed, class: name }: Worker,
  url: ESTree.NewExpression,
  code: string,
): string | undefined {
  const unseen = `Vite does not see the worker, and puts ${script} into the page unbuilt`;
  if (constructed.callee.type !== 'Identifier') return `\`${name}\` does not stand there alone: ${unseen}.`;
  const [path] = url.arguments;
  if (!path) return undefined;
  const before = code.slice(constructed.start, path.start).replaceAll(/\s/g, '');
  const after = code.slice(path.end, url.end).replaceAll(/\s/g, '');
  if (before === `new${name}(newURL(` && /^,import\.meta\.url,?\)$/.test(after)) return undefined;
  return `Something stands beside the path and \`import.meta.url\`, such as a comment or parentheses: ${unseen}.`;
}

/** They are read, not run. */
function whatIsWrongInOptions({ constructed }: Worker): string | undefined {
  const [, options] = constructed.arguments;
  if (options?.type !== 'ObjectExpression')
    return "The worker's options do not stand there as an object: Vite reads `type` in them before anything runs.";
  const type = propertyOf(options, 'type');
  if (type?.value.type !== 'Literal' || type.value.value !== 'module')
    return "The worker's options do not have `type: 'module'` as it is written here: the development server serves modules alone.";
  const isHidden = options.properties.some(
    ({ type: is, start }) => is === 'SpreadElement' && start > type.start,
  );
  return isHidden
    ? "In the worker's options something is spread behind `type`, so that Vite cannot read it."
    : undefined;
}
