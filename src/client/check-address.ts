/** Which addresses no browser opens a WebSocket to. */

/** By these names a browser takes a machine for itself: what goes there need not be encrypted. */
const ITSELF = /^ws:..(127\.|\[::1|([^/]*\.)?localhost[:/])/;

/**
 * @param url absolute, without a person's name
 * @param base the page's own address
 * @throws TypeError for another scheme than those of WebSockets, and for ws: where the page came by https:.
 */
export function checkAddress(url: string, base: string): void {
  const isSecure = base.startsWith('https:') && !ITSELF.test(url);
  if (!(isSecure ? /^wss:/ : /^wss?:/).test(url))
    throw new TypeError(
      `\`url\` is of ${url.split(':', 1)}:; it must be of wss:, or on a page of http: of ws:`,
    );
}
