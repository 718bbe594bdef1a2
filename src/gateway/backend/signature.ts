/** Signs what a backend is sent, as Standard Webhooks have it: https://www.standardwebhooks.com */
import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';
const LEAST_BYTES = 24;

/**
 * The bytes of a secret `whsec_…`.
 * @throws TypeError where it is none; what it says does not hold the secret.
 */
export function readSecret(text: string): Buffer {
  const base64 = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : null;
  const key = Buffer.from(base64 ?? '', 'base64');
  // Node reads past what is no base64.
  if (base64 === null || key.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, '')) {
    throw new TypeError(`a secret is \`${PREFIX}\` and then base64`);
  }
  if (key.length < LEAST_BYTES) {
    throw new TypeError(`a secret has at least ${LEAST_BYTES} bytes after \`${PREFIX}\`, not ${key.length}`);
  }
  return key;
}

/** One signature for each key, so that a backend may know the old secret, the new one, or both. */
export function signed(
  keys: readonly Buffer[],
  id: string,
  now: number,
  body: string,
): Readonly<Record<string, string>> {
  const timestamp = Math.floor(now / 1_000);
  const text = `${id}.${timestamp}.${body}`;
  const signatures = keys.map((key) => `v1,${createHmac('sha256', key).update(text).digest('base64')}`);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  };
}
