/** What servers hear of an entry that was applied. */
import type { EndedTopic, Happening } from './event-log.ts';
import type { Entries, EntryKind, Outcomes } from './projection.ts';

/** What an entry says beside its time. */
export type Timeless<K extends EntryKind> = Omit<Entries[K], 'now'>;

type Told = {
  readonly [K in EntryKind]: (content: Timeless<K>, outcome: Outcomes[K]) => readonly Happening[];
};

const nothing = () => [];
const ended = (_: unknown, topics: readonly EndedTopic[]): readonly Happening[] =>
  topics.length === 0 ? [] : [{ kind: 'ended', topics }];

const TOLD: Told = {
  open: nothing,
  tell: nothing,
  commit: (_, committed) => {
    const events = committed.flatMap((one) => (one.status === 'committed' ? one.events : []));
    return events.length === 0 ? [] : [{ kind: 'committed', events }];
  },
  renew: nothing,
  begin: nothing,
  cancel: nothing,
  admit: ({ admissions }, admitted) =>
    admissions.flatMap(({ client, run }, index) => {
      const one = admitted[index];
      return one?.status === 'admitted' ? [{ kind: 'admitted', client, run, position: one.position }] : [];
    }),
  owe: nothing,
  acknowledge: nothing,
  disconnect: ({ principal, run }) => [{ kind: 'disconnected', principal, run }],
  recheck: ({ principal, run }) => [{ kind: 'rechecked', principal, run }],
  endTopic: ended,
  prune: ended,
};

export function happeningsOf<K extends EntryKind>(
  kind: K,
  content: Timeless<K>,
  outcome: Outcomes[K],
): readonly Happening[] {
  return TOLD[kind](content, outcome);
}
