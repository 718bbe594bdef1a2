/** A command as its frame says it, and how large that is. */
import type { ClientFrameOf } from '../../../src/protocol/frames/index.ts';
import { utf8Bytes } from '../../../src/protocol/utf8.ts';
import type { Context } from '../context.ts';
import type { StoredEntry } from '../store.ts';
import type { Writable } from './outbox-state.ts';

/** The row of a command that is about to be handed to a socket. */
export function markedRow(
  row: StoredEntry,
  { serverTime, runs }: Pick<Writable, 'serverTime' | 'runs'>,
  { serverNow, now }: Pick<Context, 'serverNow' | 'now'>,
): StoredEntry {
  const run = runs?.at(-1);
  // An earlier hub has made one perhaps, of which only the page knows. What is no first attempt the server looks up.
  const before = Math.max(row.attempt, row.maybeSent ? 1 : 0);
  return {
    ...row,
    maybeSent: true,
    attempt: before + 1,
    firstSentAt: row.firstSentAt ?? serverTime,
    lastSent: run && { run: run.id, at: Math.max(serverNow ?? 0, serverTime), markedAt: now },
  };
}

export function commandFrame({
  id,
  topic,
  priority,
  createdAt,
  attempt,
  appVersion,
  expiresAt,
  traceparent,
  command,
}: StoredEntry): ClientFrameOf['command'] {
  // As JSON it is without what is undefined.
  return {
    type: 'command',
    id,
    topic: topic ?? undefined,
    priority,
    created_at: createdAt,
    attempt,
    app_version: appVersion,
    expires_at: expiresAt,
    traceparent,
    command,
  };
}

/** Of rows, each of which is one object as long as nothing of it changes. */
const sizes = new WeakMap<StoredEntry, number>();

/** Of the frame of its next attempt. */
export function frameBytes(row: StoredEntry): number {
  const known = sizes.get(row);
  if (known !== undefined) return known;
  const bytes = utf8Bytes(JSON.stringify(commandFrame({ ...row, attempt: row.attempt + 1 })));
  sizes.set(row, bytes);
  return bytes;
}
