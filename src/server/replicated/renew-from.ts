/** Has a log go on from what one of its servers knew, in place of what is in it: a person says that this is the truth. */
import { type DumpHead, type DumpLine, dumpText, readDump } from '../log/dump.ts';
import type { JsonText } from '../log/event-log.ts';
import { MemoryProjection } from '../log/memory-projection.ts';
import type { Projection } from '../log/projection.ts';
import { noteText, readNote, withRecord } from './authors.ts';
import { partLength, partsOf } from './dump-parts.ts';
import type { Engine } from './engine.ts';
import { entriesAt, nextDigest, recordText, type Written } from './record.ts';

export interface RenewFromOptions {
  /** Whether the log may hold what was accepted after the newest that the server knew: that is lost. @default false */
  readonly discardsNewer?: boolean;
  /** Names an epoch and an author, differently each time. @default crypto.randomUUID */
  readonly newName?: () => string;
}

export interface RenewedFrom {
  /** Of the record from which on the log goes on. */
  readonly position: number;
  /** The newest time that the server knew, in milliseconds since 1970. */
  readonly knownUntil: number;
}

/**
 * Appends a record that says that the log goes on from the dump of its position, and keeps that dump. Until it is there nobody starts;
 * whoever runs stops at the record. All topics begin new epochs, as by `renew`.
 *
 * @param known what a server has made of the log. No server has it, and none is at work on the log.
 * @throws Error for what was not made of a shared log; where the log holds what is newer; where somebody else writes to it.
 */
export async function renewFrom(
  engine: Engine,
  known: Projection,
  { discardsNewer = false, newName = () => crypto.randomUUID() }: RenewFromOptions = {},
): Promise<RenewedFrom> {
  if (known.note === '')
    throw new Error('it holds nothing that a server has made of a log that several servers share');
  const newest = await engine.newest();
  const projection = new MemoryProjection();
  const { newestTime } = becomeAt(projection, newest, known.dump());
  const [last] = newest > 0 ? (await engine.read(newest, 1)).records : [];
  if (last && last.time > newestTime && !discardsNewer)
    throw new Error(
      `the log has records of ${dateOf(last.time)}, and this knows nothing after ${dateOf(newestTime)}: what was accepted between would be lost`,
    );
  const note = readNote(projection.note);
  const head = { author: newName(), number: 1, at: newest, digest: note.digest, from: 'dump' } as const;
  const renewal: Written = { kind: 'renew', content: { epoch: newName() } };
  const text = recordText(head, [JSON.stringify(renewal)]);
  const { position, time } = await engine.append(text);
  if (position !== newest + 1)
    throw new Error('somebody writes to the log: end all servers, and do this once more');
  projection.applyAll(position, entriesAt([renewal], time), (outcomes) => {
    const digest = nextDigest(note.digest, text, outcomes);
    const { author, number } = head;
    return noteText(withRecord(note, { digest, doubt: undefined }, { author, number, time, position }));
  });
  await engine.keepDump(position, each(partsOf(projection.dump(), partLength(engine.maxBytes))));
  return { position, knownUntil: newestTime };
}

/** At a position of this log, which may be before that of the dump: those of connections are none after it. */
function becomeAt(projection: Projection, position: number, dump: Iterable<JsonText>): DumpHead {
  const heads: DumpHead[] = [];
  const lines: DumpLine[] = [];
  const reading = readDump(dump, {
    head: (head) => heads.push({ ...head, position }),
    line: (line) =>
      lines.push(line.line === 'owner' ? { ...line, position: Math.min(line.position, position) } : line),
  });
  for (const _ of reading);
  const [head] = heads;
  if (!head) throw new Error('the dump has no head');
  for (const _ of projection.load(dumpText(head, lines)));
  return head;
}

function dateOf(time: number): string {
  return new Date(time).toISOString();
}

async function* each(parts: Iterable<string>): AsyncGenerator<string> {
  yield* parts;
}
