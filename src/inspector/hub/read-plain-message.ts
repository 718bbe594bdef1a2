/**
 * What is kept of a message of a server that does not speak `trunkline.v1`. Nobody here knows what a login looks like there, so that of
 * what goes out nothing is kept but its kind and size, and of what comes in no field that is named like a secret.
 */
import { HIDDEN, READ_UP_TO, type Said, shortened, unread } from './read-message.ts';

const SECRET = /token|secret|passw|authorization|credential|api.?key|cookie/i;

export function readPlainMessage(direction: 'in' | 'out', data: unknown): Said {
  if (typeof data !== 'string' || data.length > READ_UP_TO) return unread(data);
  const said = { about: '', size: data.length };
  try {
    const message: unknown = JSON.parse(data);
    const payload =
      direction === 'in'
        ? shortened(JSON.stringify(message, (name, value) => (SECRET.test(name) ? HIDDEN : value)))
        : null;
    return { ...said, type: typeOf(message), payload };
  } catch {
    return { ...said, type: 'text', payload: null };
  }
}

function typeOf(message: unknown): string {
  const isTyped = typeof message === 'object' && message !== null && 'type' in message;
  return isTyped && typeof message.type === 'string' ? message.type.slice(0, 64) : 'message';
}
