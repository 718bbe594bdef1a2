/** Which pages may connect. */
import type { IncomingMessage } from 'node:http';

type Headers = Pick<IncomingMessage['headers'], 'origin' | 'host'>;

/**
 * Decides by `allowedOrigins` whether a page may connect. Browsers always name the page's origin, and no page can change
 * it; without this check any site could use a visitor's cookies here.
 *
 * @throws TypeError for an origin that no browser would send.
 */
export function originPolicy(allowed: readonly string[] = ['self']): (headers: Headers) => boolean {
  for (const origin of allowed) {
    if (origin === 'self' || origin === 'none' || origin === '*') continue;
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new TypeError(
        `createServer: allowedOrigins has ${JSON.stringify(origin)}; write an origin such as 'https://app.example' (no path, no slash at the end), 'self', 'none' or '*'`,
      );
    }
  }
  const origins = new Set(allowed);
  return ({ origin, host }) => {
    if (origin === undefined) return origins.has('none');
    if (origins.has('*') || origins.has(origin)) return true;
    return origins.has('self') && URL.canParse(origin) && new URL(origin).host === host;
  };
}
