import type { AnyEvent } from '../../engine/events.ts';
import { runTopic } from '../../engine/protocol.ts';
import type { Trunk } from '../trunk.ts';

/** All that this browser has of a run, in its order: with a connection what the server keeps, else what is kept here. */
export function knownEvents(client: Trunk, runId: string): Promise<readonly AnyEvent[]> {
  const events = client
    .topic(runTopic(runId))
    // One array for all: there are thousands of lines.
    .view<AnyEvent[] | null>(null, (known, event) => {
      const all = known ?? [];
      all.push(event);
      return all;
    });
  return new Promise((resolve) => {
    const look = () => {
      const known = events.get();
      if (known === null) return;
      unsubscribe();
      resolve(known);
    };
    const unsubscribe = events.subscribe(look);
    look();
  });
}
