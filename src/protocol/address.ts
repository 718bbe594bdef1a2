/** Which address and token a connection begins with, where the application's functions give them. */
import type { AddressAnswer } from './port.ts';

type Awaitable<T> = T | Promise<T>;
type Url = string | URL;

/**
 * What a connection begins with, of the application's functions. Never rejects: what they throw is told.
 *
 * @param base what URLs are relative to
 */
export async function address(
  base: string,
  { token, url }: { token?: (() => Awaitable<string | null>) | undefined; url: Url | (() => Awaitable<Url>) },
): Promise<AddressAnswer> {
  try {
    const given = { token: (await token?.()) ?? null };
    if (typeof url !== 'function') return given;
    return { ...given, url: webSocketUrl(await url(), base) };
  } catch (error) {
    return { failed: withoutSecrets(String(error)) };
  }
}

/** http: and https: become ws: and wss:; a fragment is left out. @throws TypeError for what is no URL, without quoting it */
export function webSocketUrl(url: Url, base: string): string {
  // The engine's own message may quote it, and it may hold a secret.
  if (!URL.canParse(url, base)) throw new TypeError('`url` is no URL');
  const absolute = new URL(url, base);
  absolute.protocol = absolute.protocol.replace('http', 'ws');
  absolute.hash = '';
  return absolute.href;
}

/** An error of `fetch`, or of the application, may quote a URL: its user, query and fragment are nobody else's. */
export function withoutSecrets(text: string): string {
  return text.replace(
    /([a-z][a-z\d+.-]*:\/\/)(?:[^\s/?#@]*@)?([^\s?#]*)[?#]\S*|([a-z][a-z\d+.-]*:\/\/)[^\s/?#@]*@/gi,
    '$1$2$3',
  );
}
