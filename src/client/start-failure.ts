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

/** Runs the application's function, and sees what it starts: no worker tells its own script's URL. */
export function watchStart<W extends SharedWorker | Worker>(
  start: () => W,
  signal: AbortSignal,
): { worker: W; seen: Start } {
  let url: string | undefined;
  const names = ['SharedWorker', 'Worker'] as const;
  const natives = names.map((name) => [name, globalThis[name]] as const);
  for (const [name, native] of natives) {
    if (!native) continue;
    Object.assign(globalThis, {
      [name]: new Proxy(native, {
        construct(target, parameters: ConstructorParameters<typeof Worker>, newTarget) {
          url = new URL(parameters[0], document.baseURI).href.replace(/[?#].*/s, '');
          return Reflect.construct(target, parameters, newTarget);
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
  if (seen.forbidden === 'start')
    return `the page's Content-Security-Policy forbids ${url}; allow it in worker-src`;
  const script = await look(url, 'GET');
  // That event is a task of its own.
  await new Promise((done) => setTimeout(done));
  if (seen.forbidden === 'look')
    return `the browser does not say why, and connect-src lets nobody look at ${url}; ${RELOAD}`;
  if (!script) return `${url} cannot be loaded: there is no network, or its server is down`;
  const { status, ok, headers } = script;
  if (status === 404 || status === 410) return `there is no script at ${url} any more (${status}); ${RELOAD}`;
  if (!ok) return `its server answers ${status} for ${url}`;
  const type = headers.get('content-type') ?? 'no type at all';
  if (/^text\/html/i.test(type))
    return `${url} is answered with a page (${type}) in place of a script, as where it is gone; ${RELOAD}`;
  if (!JAVASCRIPT.test(type)) return `${url} is served as ${type}; it must be text/javascript`;
  if (isOwn && (await isIsolated()) && !headers.has(COEP))
    return `${url} is served without the ${COEP} that the page has; serve it with the same`;
  if (isStorageBlocked()) return STORAGE_BLOCKED;
  return `the browser does not say why: ${url} is there, but what it imports may be missing, or a worker of its name runs with other options; close the other tabs, then reload`;
}

/** Web Locks and shared workers are refused with it. */
export const STORAGE_BLOCKED =
  "this browser blocks the site's storage, and what a hub needs with it; allow it for this site, then reload";
const RELOAD = 'reload to continue';
const COEP = 'cross-origin-embedder-policy';

async function look(url: string, method: 'GET' | 'HEAD'): Promise<Response | null> {
  try {
    const response = await fetch(url, { method, cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
    response.body?.cancel();
    return response;
  } catch {
    return null;
  }
}

/** Whether the page was served with a policy that its own workers need, too. */
async function isIsolated(): Promise<boolean> {
  const page = await look(location.href, 'HEAD');
  return page?.headers.has(COEP) ?? false;
}

function isStorageBlocked(): boolean {
  try {
    // Where it is blocked, the property itself throws.
    return globalThis.localStorage === null;
  } catch {
    return true;
  }
}
