/**
 * Why a worker did not start, and what helps. A browser fires one bare `error` event for all of it, whether the file is
 * missing or a policy forbids it, so that the page has a look of its own.
 */

const TIMEOUT_MS = 3_000;
const JAVASCRIPT = /^(text|application)\/(x-)?(java|ecma)script/i;

/** What was seen of one start. */
export interface Start {
  /** The script's, without query; `undefined`: it was not seen. */
  readonly url: string | undefined;
  /** Whether the worker is the page's own. */
  readonly isOwn: boolean;
  /** What the page's Content-Security-Policy forbade: to start it, or to look at it. */
  forbidden: 'start' | 'look' | null;
}

/**
 * Runs the application's function, and sees what it starts: no worker tells its own script's URL.
 *
 * @param isAlone the script is started as a worker of the page's own, also where the function asks for a shared one
 */
export function watchStart<W extends SharedWorker | Worker>(
  start: () => W,
  isAlone: boolean,
  signal: AbortSignal,
): { worker: W; seen: Start } {
  const { Worker } = globalThis;
  let url: string | undefined;
  const names = ['SharedWorker', 'Worker'] as const;
  const natives = names.map((name) => [name, globalThis[name]] as const);
  for (const [name, native] of natives) {
    if (!native) continue;
    Object.assign(globalThis, {
      [name]: new Proxy(isAlone ? Worker : native, {
        construct(target, parameters: ConstructorParameters<typeof Worker>, newTarget) {
          url = new URL(parameters[0], document.baseURI).href.replace(/[?#].*/s, '');
          // A shared worker also takes its name in place of options, another one does not.
          return Reflect.construct(target, isAlone ? parameters.map(Object) : parameters, newTarget);
        },
      }),
    });
  }
  let worker: W;
  try {
    worker = start();
  } finally {
    for (const [name, native] of natives) if (native) Object.assign(globalThis, { [name]: native });
  }
  const seen: Start = { url, isOwn: !('port' in worker), forbidden: null };
  document.addEventListener(
    'securitypolicyviolation',
    ({ blockedURI, disposition, effectiveDirective }) => {
      if (disposition === 'report' || !url || !blockedURI.startsWith(url)) return;
      seen.forbidden = effectiveDirective === 'connect-src' ? 'look' : 'start';
    },
    { signal },
  );
  return { worker, seen };
}

/** Never rejects. */
export async function whyNotStarted(seen: Start, event: Event): Promise<string> {
  const { url, isOwn } = seen;
  if ('message' in event && event.message) return `its script failed: ${event.message}`;
  if (url === undefined) return `the browser does not say why; ${RELOAD}`;
  if (seen.forbidden === 'start') return `worker-src of the page's Content-Security-Policy forbids ${url}`;
  const script = await look(url);
  // That event is a task of its own.
  await new Promise((done) => setTimeout(done));
  if (seen.forbidden === 'look')
    return `the browser does not say why, and connect-src lets nobody look at ${url}; ${RELOAD}`;
  if (!script) return `${url} cannot be loaded: there is no network, or its server is down`;
  const { status, ok, headers } = script;
  const type = headers.get('content-type');
  if (!ok || !JAVASCRIPT.test(`${type}`))
    return `${url} is answered with ${status}, ${type}, in place of text/javascript; ${RELOAD}`;
  const other = isOwn
    ? "it lacks the page's embedder policy"
    : 'a worker of its name runs with other options';
  return `the browser does not say why: ${url} is there, but what it imports may be missing, or ${other}; close the other tabs, and reload`;
}

const RELOAD = 'reload to continue';

async function look(url: string): Promise<Response | null> {
  try {
    const response = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
    response.body?.cancel();
    return response;
  } catch {
    return null;
  }
}
