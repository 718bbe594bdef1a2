/** The one row that says how far the projection is, and what holds for all of it. */
import type { MemoryLimits } from '../log/projection.ts';
import { type Database, numberIn, numberOrNullIn, textIn } from './database.ts';

export interface About {
  /** Of the entry that was applied last. */
  position: number;
  /** Kept with the position. */
  note: string;
  newestTime: number;
  /** When the log was opened first; `null`: it never was. */
  startedAt: number | null;
  dedupeSince: number;
  /** Of the topics without an event. */
  epoch: string;
  limits: MemoryLimits;
}

export function readAbout(db: Database): About {
  const row = db.one('SELECT * FROM about');
  return {
    position: numberIn(row, 'position'),
    note: textIn(row, 'note'),
    newestTime: numberIn(row, 'newest_time'),
    startedAt: numberOrNullIn(row, 'started_at'),
    dedupeSince: numberIn(row, 'dedupe_since'),
    epoch: textIn(row, 'epoch'),
    limits: {
      tailLimit: numberIn(row, 'tail_limit'),
      historyEvents: numberIn(row, 'history_events'),
      commandIds: numberIn(row, 'command_ids'),
      clientIds: numberIn(row, 'client_ids'),
      ...readAges(row?.['topic_ages']),
    },
  };
}

export function writeAbout(db: Database, about: About): void {
  const { position, note, newestTime, startedAt, dedupeSince, epoch, limits } = about;
  const { tailLimit, historyEvents, commandIds, clientIds, topicAges } = limits;
  db.run(
    `UPDATE about SET position = ?, note = ?, newest_time = ?, started_at = ?, dedupe_since = ?, epoch = ?,
       tail_limit = ?, history_events = ?, command_ids = ?, client_ids = ?, topic_ages = ?`,
    position,
    note,
    newestTime,
    startedAt,
    dedupeSince,
    epoch,
    tailLimit,
    historyEvents,
    commandIds,
    clientIds,
    topicAges ? JSON.stringify(topicAges) : null,
  );
}

function readAges(text: unknown): Pick<MemoryLimits, 'topicAges'> {
  return typeof text === 'string' ? { topicAges: JSON.parse(text) } : {};
}
