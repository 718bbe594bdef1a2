/** What is kept of a message of `trunkline.v1`: of each frame its type, what it is about, and its payload without tokens. */
import type { RecordedFrame } from '../frames/channel.ts';

export type Said = Pick<RecordedFrame, 'type' | 'about' | 'size'> & { readonly payload: string | null };

export interface Message {
  readonly said: readonly Said[];
  /** What its frames say of the connection. */
  readonly clientId?: string;
  readonly session?: string;
  readonly token?: string;
}

/** A longer message is not read a second time: its size alone is kept. */
export const READ_UP_TO = 262_144;
/** So much of one frame's JSON is kept. */
const KEPT_OF_FRAME = 4_096;
/** What is shorter is no secret, and may be any word. */
const LEAST_SECRET = 8;
export const HIDDEN = '[token]';

/** @param secret the token of this socket, which its server may say back. */
export function readMessage(data: unknown, secret: string | null): Message {
  if (typeof data !== 'string' || data.length > READ_UP_TO) return { said: [unread(data)] };
  let message: unknown;
  try {
    message = JSON.parse(data);
  } catch {
    return {
      said: [{ type: 'text', about: '', size: data.length, payload: shortened(withoutToken(data, secret)) }],
    };
  }
  const frames = (Array.isArray(message) ? message : [message]).filter(isObject);
  const frameOf = (name: string): Fields => frames.find(({ type }) => type === name) ?? {};
  const { token, client_id: clientId } = frameOf('hello');
  const { session } = frameOf('welcome');
  return {
    said: frames.map((frame) => read(frame, isText(token) ? token : secret)),
    ...(isText(token) && { token }),
    ...(isText(clientId) && { clientId }),
    ...(isText(session) && { session }),
  };
}

/** Without this token, wherever it stands, as it is or as JSON spells it. */
export function withoutToken(text: string, token: string | null): string {
  if (token === null || token.length < LEAST_SECRET) return text;
  return text.replaceAll(JSON.stringify(token).slice(1, -1), HIDDEN).replaceAll(token, HIDDEN);
}

/** Of what is binary, or too large. */
export const unread = (data: unknown): Said =>
  typeof data === 'string'
    ? { type: 'message', about: 'too large to be read', size: data.length, payload: null }
    : { type: 'binary', about: '', size: sizeOf(data), payload: null };

type Fields = Readonly<Record<string, unknown>>;

function read(frame: Fields, token: string | null): Said {
  const json = JSON.stringify('token' in frame ? { ...frame, token: HIDDEN } : frame);
  const text = withoutToken(json, token);
  // Before anything of it is shortened: of a token no part is kept either.
  const shown = text === json ? frame : parsed(text);
  const type = shown['type'];
  return {
    type: isText(type) ? type.slice(0, 64) : 'untyped',
    about: about(shown),
    size: json.length,
    payload: shortened(text),
  };
}

/** A token that looks like JSON may have taken more with it than itself. */
function parsed(text: string): Fields {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function about(frame: Fields): string {
  const { topic, offset, id, code, event, command } = frame;
  const of = [event, command].find(isObject)?.['type'];
  return [
    isText(of) && of,
    isText(topic) && topic,
    typeof offset === 'number' && `@${offset}`,
    isText(id) && id.slice(0, 8),
    isText(code) && code,
  ]
    .filter((part) => part !== false)
    .join(' · ');
}

export const shortened = (text: string): string =>
  text.length > KEPT_OF_FRAME ? `${text.slice(0, KEPT_OF_FRAME)}…` : text;
const isText = (value: unknown): value is string => typeof value === 'string';
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function sizeOf(data: unknown): number {
  if (data instanceof Blob) return data.size;
  return data instanceof ArrayBuffer || ArrayBuffer.isView(data) ? data.byteLength : 0;
}
