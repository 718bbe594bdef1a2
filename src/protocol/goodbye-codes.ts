/**
 * Which codes a server ends a connection with, and what each means for the hub, with a `goodbye` or without: the one table that
 * decides (PROTOCOL: `goodbye`, and the WebSocket close codes of https://www.rfc-editor.org/rfc/rfc6455#section-7.4).
 *
 * - `retry`: try again with backoff; counts as a failure.
 * - `later`: the server asked for it; try again when it said, without counting as a failure. Where it named no time,
 *   like `retry`.
 * - `token`: ask for a new token and try once more at once, then pause.
 * - `pause`: no retry until a person or a tab asks for one.
 */
export type Recovery = 'retry' | 'later' | 'token' | 'pause';
export type LossReason = 'network' | 'server' | 'unauthorized' | 'identity_mismatch' | 'superseded';
export interface End {
  readonly fate: Recovery;
  readonly reason: LossReason;
}

const GOODBYES: Readonly<Record<GoodbyeCode, End & { closeCode: number }>> = {
  unauthorized: { fate: 'token', reason: 'unauthorized', closeCode: 4401 },
  identity_mismatch: { fate: 'pause', reason: 'identity_mismatch', closeCode: 4403 },
  superseded: { fate: 'pause', reason: 'superseded', closeCode: 4409 },
  draining: { fate: 'later', reason: 'server', closeCode: 1012 },
  bad_frame: { fate: 'retry', reason: 'server', closeCode: 1002 },
  unsupported: { fate: 'pause', reason: 'server', closeCode: 4400 },
  overloaded: { fate: 'later', reason: 'server', closeCode: 1013 },
};

export type GoodbyeCode =
  | 'unauthorized'
  | 'identity_mismatch'
  | 'superseded'
  | 'draining'
  | 'bad_frame'
  | 'unsupported'
  | 'overloaded';

/** The close code that goes with a `goodbye`. */
export function closeCodeOf(code: GoodbyeCode): number {
  return GOODBYES[code].closeCode;
}

/** A `goodbye` of a code that this version does not know is judged by its `retry` alone. */
export function endOfGoodbye(code: string, retry: boolean): End {
  const known = Object.hasOwn(GOODBYES, code) ? GOODBYES[code as GoodbyeCode] : undefined;
  if (!known) return { fate: retry ? 'retry' : 'pause', reason: 'server' };
  if (known.fate === 'token') return known;
  if (known.fate === 'pause') return retry ? { ...known, fate: 'retry' } : known;
  return retry ? known : { ...known, fate: 'pause' };
}

/** A socket that ended without a `goodbye`. 1006 is the browser's word for a lost or refused one. */
export function endOfSocket(closeCode: number): End {
  const goodbye = Object.values(GOODBYES).find((end) => end.closeCode === closeCode && closeCode >= 4000);
  if (goodbye) return goodbye;
  return { fate: 'retry', reason: closeCode === 1005 || closeCode === 1006 ? 'network' : 'server' };
}
