/** Which frames there are, and how a message is read. */
import * as v from 'valibot';
import { command, withdraw } from './client/command.ts';
import { hello, ping } from './client/session.ts';
import { ack, resyncRequest, subscribe, unsubscribe } from './client/topic.ts';
import { commandAck, commandNack } from './server/command.ts';
import { error, goodbye, pong, welcome } from './server/session.ts';
import { event, snapshot, subscribed } from './server/topic.ts';

export { type Cursor, LEAST_FRAME_BYTES } from './common.ts';

/** Every frame of `trunkline.v1` by its `type`, by who sends it: in files apart, since no hub is to bring along what only servers read. */
export const clientFrames = {
  hello,
  subscribe,
  resync_request: resyncRequest,
  unsubscribe,
  command,
  withdraw,
  ack,
  ping,
};
export const serverFrames = {
  welcome,
  subscribed,
  snapshot,
  event,
  command_ack: commandAck,
  command_nack: commandNack,
  pong,
  error,
  goodbye,
};

type Frames<T extends Record<string, v.GenericSchema>> = { [K in keyof T]: v.InferOutput<T[K]> };
export type ClientFrameOf = Frames<typeof clientFrames>;
export type ServerFrameOf = Frames<typeof serverFrames>;
export type ClientFrame = ClientFrameOf[keyof ClientFrameOf];
export type ServerFrame = ServerFrameOf[keyof ServerFrameOf];
export type SnapshotItem = ServerFrameOf['snapshot']['events'][number];

export type Parsed<F> =
  | { ok: true; frame: F }
  /** `unknown`: a type of a later version, to be ignored. `malformed`: not a frame, or one with wrong fields. */
  | { ok: false; problem: 'unknown' | 'malformed'; type: string | null; message: string };

/**
 * Reads one message of a client, in a server. Never throws. Each frame is judged when it is asked for, so that a message
 * of very many costs no more than the reader takes.
 */
export function parseClientMessage(text: string): Iterable<Parsed<ClientFrame>> {
  return parseMessage(text, clientFrames) as Iterable<Parsed<ClientFrame>>;
}

/** Reads one message of a server, in a hub. Never throws. */
export function parseServerMessage(text: string): Parsed<ServerFrame>[] {
  return [...parseMessage(text, serverFrames)] as Parsed<ServerFrame>[];
}

/** A message is one frame or an array of frames. */
function* parseMessage(
  text: string,
  schemas: Record<string, v.GenericSchema>,
): Generator<Parsed<unknown>, void> {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    yield malformed(null, 'not JSON');
    return;
  }
  for (const value of Array.isArray(message) ? message : [message]) yield parseFrame(value, schemas);
}

function parseFrame(value: unknown, schemas: Record<string, v.GenericSchema>): Parsed<unknown> {
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  if (typeof type !== 'string') {
    return malformed(null, 'not an object with a string `type`');
  }
  const schema = Object.hasOwn(schemas, type) ? schemas[type] : undefined;
  if (!schema)
    return {
      ok: false,
      problem: 'unknown',
      type,
      message: `unknown frame type ${JSON.stringify(type.slice(0, 64))}`,
    };
  const result = v.safeParse(schema, value);
  if (result.success) return { ok: true, frame: result.output };
  return malformed(type, result.issues.slice(0, 5).map(problem).join('; '));
}

export function malformed(type: string | null, message: string): Parsed<never> {
  return { ok: false, problem: 'malformed', type, message };
}

/** In our own words: the library's quote the value, which may be long, or a token. */
export function problem({ path, input, type, message, expected }: v.BaseIssue<unknown>): string {
  const at = path?.map(({ key }) => key).join('.') ?? 'frame';
  return `${at}: ${input === undefined ? 'missing' : `expected ${type === 'custom' ? message : expected}`}`;
}
