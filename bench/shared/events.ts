/** What every contender carries, byte for byte. */
export interface BenchEvent {
  /** `tick` stands for itself; of `reading` the newest of each key is the state; after `gone` there is none. */
  readonly type: 'tick' | 'reading' | 'gone';
  /** Counted through from 1 by the server. */
  readonly n: number;
  /** When it was published, by `now()`. */
  readonly at: number;
  readonly key: string;
  readonly pad: string;
}
/** What a server says for the state, where its client has no notion of one. */
export interface StateMessage {
  readonly type: 'state';
  readonly events: readonly BenchEvent[];
}
/** What a person does. */
export interface BenchCommand {
  readonly type: 'note';
  readonly id: string;
  readonly n: number;
  readonly text: string;
}
export interface AckMessage {
  readonly type: 'ack';
  readonly id: string;
}

/** Of a state, to be compared: how many keys, and the sum of their newest events' numbers. */
export interface Digest {
  readonly keys: number;
  readonly sum: number;
}

export function digestOf(newest: ReadonlyMap<string, number>): Digest {
  let sum = 0;
  for (const n of newest.values()) sum += n;
  return { keys: newest.size, sum };
}

export const EVENT_BYTES = 208;

/** As JSON it has `EVENT_BYTES` bytes. */
export function makeEvent(type: BenchEvent['type'], n: number, at: number, key: string): BenchEvent {
  const event = { type, n, at, key, pad: '' };
  const missing = EVENT_BYTES - JSON.stringify(event).length;
  return { ...event, pad: 'x'.repeat(Math.max(0, missing)) };
}

export function makeCommand(n: number): BenchCommand {
  return { type: 'note', id: crypto.randomUUID(), n, text: `note ${n} ${'x'.repeat(80)}` };
}
