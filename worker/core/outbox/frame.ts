/** A command as its frame says it, and how large that is. */
import type { ClientFrameOf } from '../../../src/protocol/frames/index.ts';
import { utf8Bytes } from '../../../src/protocol/utf8.ts';
import type { StoredEntry } from '../store.ts';

/** The row of a command that is about to be handed to a socket. */
export function markedRow(row: StoredEntry, serverTime: number): StoredEntry {
  return { ...row, maybeSent: true, attempt: row.attempt + 1, firstSentAt: row.firstSentAt ?? serverTime };
}

export function commandFrame({
  id,
  topic,
  priority,
  createdAt,
  attempt,
  appVersion,
  expiresAt,
  command,
}: StoredEntry): ClientFrameOf['command'] {
  const frame = {
    type: 'command',
    id,
    priority,
    created_at: createdAt,
    attempt,
    app_version: appVersion,
    ...(expiresAt !== undefined && { expires_at: expiresAt }),
    command,
  } as const;
  return topic === null ? frame : { ...frame, topic };
}

/** Of the frame of its next attempt. */
export function frameBytes(row: StoredEntry): number {
  return utf8Bytes(JSON.stringify(commandFrame(markedRow(row, 0))));
}
