/** Which commands a page may hand to its hub. */
import { interpretCommand } from '../protocol/interpret.ts';
import { whereJsonDiffers } from '../protocol/json.ts';
import type { OutgoingCommand, WhenAsked } from '../protocol/port.ts';
import type { AnyProtocol } from '../protocol/types.ts';
import { TrunklineError } from './errors.ts';
import type { SendOptions } from './types.ts';

/** A server refuses a message of more by default (`welcome.max_frame_bytes`). */
const MAX_COMMAND_BYTES = 1_048_576;

/**
 * Whether the hub may be given a command: what is as its schema wants it, survives JSON, and is not too large.
 *
 * @returns it as the hub takes it, in a copy.
 *
 * @throws TrunklineError `invalid_command`, `too_large`
 */
export function judgeCommand(
  protocol: AnyProtocol,
  id: string,
  type: string,
  payload: object,
  options: SendOptions,
): Omit<OutgoingCommand, 'maybeSentMs' | 'serverAskedAt' | keyof WhenAsked> {
  const changed = whereJsonDiffers(payload);
  if (changed !== null) {
    throw new TrunklineError('invalid_command', `${type}: JSON would change ${changed}`);
  }
  const json = JSON.stringify({ ...payload, type });
  const bytes = new TextEncoder().encode(json).length;
  if (bytes > MAX_COMMAND_BYTES) {
    throw new TrunklineError(
      'too_large',
      `${type}: ${bytes} bytes of JSON; at most ${MAX_COMMAND_BYTES} can be sent`,
    );
  }
  // A copy: what is sent is what was judged, whatever the caller does to its object meanwhile.
  const command: OutgoingCommand['command'] = JSON.parse(json);
  const judged = interpretCommand(protocol, command);
  if (!judged.ok) {
    throw new TrunklineError('invalid_command', judged.message, { issues: judged.issues });
  }
  const { dedupeKey, replaceKey, definition } = judged;
  const {
    topic = null,
    priority = definition.priority ?? 'normal',
    requireDurable = false,
    expiresAt = null,
    traceparent,
  } = options;
  if (!Number.isFinite(expiresAt ?? 0)) {
    throw new TrunklineError('invalid_command', `${type}: expiresAt must be a time in ms, not ${expiresAt}`);
  }
  return { id, topic, priority, command, dedupeKey, replaceKey, requireDurable, expiresAt, traceparent };
}
