/** What a log tells its servers of, from what has come of a call. */
import type { Admission, Admitted, Committed, EndedTopic, Happening } from './event-log.ts';

export function happeningsOf(committed: readonly Committed[]): readonly Happening[] {
  const events = committed.flatMap((one) => (one.status === 'committed' ? one.events : []));
  return events.length === 0 ? [] : [{ kind: 'committed', events }];
}

export function admissionsOf(
  admissions: readonly Admission[],
  admitted: readonly Admitted[],
): readonly Happening[] {
  return admissions.flatMap(({ client, run }, index) => {
    const one = admitted[index];
    return one?.status === 'admitted' ? [{ kind: 'admitted', client, run, position: one.position }] : [];
  });
}

export function endingsOf(topics: readonly EndedTopic[]): readonly Happening[] {
  return topics.length === 0 ? [] : [{ kind: 'ended', topics }];
}
