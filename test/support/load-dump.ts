import type { Projection } from '../../src/server/log/projection.ts';

/** In one turn. */
export function loadDump(projection: Projection, dump: Iterable<string>): void {
  for (const _ of projection.load(dump));
}
