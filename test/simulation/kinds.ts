import { Random } from './random.ts';
import type { LogKind } from './server/log.ts';

/** What serves a world: one server, on a log of some kind, or several on a replicated one. */
export type ServedBy = LogKind | 'replicated';

export const SERVED_BY: readonly ServedBy[] = ['memory', 'sliding', 'sqlite', 'replicated'];

/** Of one world in so many the server's log is in SQLite, of one in so many it forgets commands, and of one there are several servers. */
const SQLITE_IN = 6;
const SLIDING_IN = 6;
const REPLICATED_IN = 4;

export function servedBy(seed: number): ServedBy {
  const { int } = new Random(seed ^ 0x109);
  if (int(REPLICATED_IN) === 0) return 'replicated';
  if (int(SQLITE_IN) === 0) return 'sqlite';
  return int(SLIDING_IN) === 0 ? 'sliding' : 'memory';
}
