/** Why a handshake to an address fails, as far as a plain request can tell. */
import type { Diagnosis } from '../../src/protocol/model.ts';

const TIMEOUT_MS = 5_000;

/**
 * Asks the address of a WebSocket by a plain request, with what a handshake would carry. Never rejects. A server may well
 * answer it differently, and it may fall to a service worker or to a policy that the handshake does not fall to.
 */
export async function diagnose(url: string): Promise<Diagnosis> {
  const address = new URL(url);
  address.protocol = address.protocol.replace('ws', 'http');
  // `fetch` takes neither.
  address.username = '';
  address.password = '';
  let isForbiddenHere = false;
  const heard = new AbortController();
  addEventListener('securitypolicyviolation', () => (isForbiddenHere = true), { signal: heard.signal });
  const ask = (how: RequestInit) =>
    fetch(address, { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS), ...how });
  try {
    return read(await ask({ redirect: 'manual', credentials: 'include' }));
  } catch (error) {
    if (isSlow(error)) return { cause: 'unknown' };
    // Nothing answers, or nothing that another origin may read.
    const isThere = await ask({ mode: 'no-cors', credentials: 'omit' }).then(() => true, isSlow);
    // The event is a task of its own.
    await new Promise((done) => setTimeout(done));
    return { cause: isThere || isForbiddenHere ? 'unknown' : 'no_route' };
  } finally {
    heard.abort();
  }
}

/** Nothing may be there, or a server that answers handshakes alone. */
function isSlow(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}

function read({ type, status, ok, headers, body }: Response): Diagnosis {
  body?.cancel();
  if (type === 'opaqueredirect') return { cause: 'redirect' };
  if (status === 401 || status === 403) return { cause: 'forbidden' };
  if (status === 429 || (status >= 502 && status <= 504)) {
    return { cause: 'unavailable', retryAfterMs: waitOf(headers.get('retry-after')) };
  }
  return { cause: ok || status === 404 ? 'not_websocket' : 'unknown' };
}

/** Seconds or a date (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after). */
function waitOf(text: string | null): number {
  if (text === null) return 0;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return ms > 0 ? ms : 0;
}
