/** Mistakes that nobody thought of: lines of the Node server, changed at random. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Edit } from '../../simulation/mutants/mutant.ts';
import { Random } from '../../simulation/random.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
/** Where the server decides what it says; not what only bounds, counts or reports. */
const FILES = [
  'src/server/core/command-answer.ts',
  'src/server/core/command-lanes.ts',
  'src/server/core/connection.ts',
  'src/server/core/execute.ts',
  'src/server/core/fence.ts',
  'src/server/core/frames.ts',
  'src/server/core/handshake.ts',
  'src/server/core/redelivery.ts',
  'src/server/core/session.ts',
  'src/server/core/snapshot.ts',
  'src/server/core/subscription.ts',
  'src/server/core/topics.ts',
  'src/server/core/withdraw.ts',
  'src/server/sqlite/sqlite-commands.ts',
  'src/server/sqlite/sqlite-deliveries.ts',
  'src/server/sqlite/sqlite-owners.ts',
  'src/server/sqlite/sqlite-projection.ts',
  'src/server/sqlite/sqlite-topics.ts',
];
/**
 * What nobody sees who speaks to a server in health and restarts it: what is there for people, for a log that fails or was
 * restored from a backup, for floods and slow lines, for rights that change, for the house to be kept and what it keeps in hand, for what was forgotten;
 * and what is guarded a second time behind it.
 */
const UNSEEN = new RegExp(
  [
    'stats|report|message|catch|throw|abort|internal|type Judged',
    'limit|forNow|cost|requesters|uncount|crowded|overloaded|\\.take\\(|checkBuffer|#bytes|#release|OFFSETS_PER_ACK|address',
    'congested|drain|sendWindow|partBytes|unfinished|UNASKED|flush|early',
    'cancel|Timer|isOver|over = |ended|handshakes|terminate|cutOff|disconnect|retryAfter',
    'mark|renew|runs|told|dedupe_since|prune|DELETE|used_at|#db\\.|statements|#prepare|rollback|clear\\(|delete\\(',
    'refresh|\\bheld\\b|forgotten|#count|clientIds|historyEvents|cutIfLong|dedupeSince = |typeof newest|this\\.position',
    'current\\(\\)|\\.closed\\(\\)|repeats\\.end|hasForgotten',
    'verdict|recheck|rights|forget\\(|refusal|isNewcomer',
  ].join('|'),
  'i',
);

/** Lines beside those, each with the reason why no client of a server in health can see what it does. */
export const UNSEEN_LINES: readonly {
  readonly file: string;
  readonly line: string;
  readonly because: string;
}[] = [
  {
    file: 'src/server/core/command-lanes.ts',
    line: '    this.#enter(arrival);',
    because:
      'a command behind a withdrawal that nobody knows of finds in the log that it is cancelled, before it begins',
  },
  {
    file: 'src/server/core/command-lanes.ts',
    line: '      one.withdrawn = true;',
    because: 'what stands first may run or not: its withdrawal may find it begun, or before that',
  },
  {
    file: 'src/server/core/command-lanes.ts',
    line: '    this.#stopped = true;',
    because: 'a server that goes down may still run what waits, or leave it to the next one',
  },
  {
    file: 'src/server/core/connection.ts',
    line: '    return false;',
    because: 'a connection that floods the server is closing, and takes no frame in any case',
  },
  {
    file: 'src/server/core/connection.ts',
    line: '      return false;',
    because: 'a connection that was superseded is closing, and takes no frame in any case',
  },
  {
    file: 'src/server/core/execute.ts',
    line: '  let neverBegun = false;',
    because: 'it is answered only by a log that fails before it has told anything',
  },
  {
    file: 'src/server/core/execute.ts',
    line: '    neverBegun = false;',
    because: 'it is answered only by a log that fails',
  },
  {
    file: 'src/server/core/execute.ts',
    line: "        return { status: 'accepted', duplicate: true, result: committed.result };",
    because: 'only another server on the same log accepts a command while this one runs it',
  },
  {
    file: 'src/server/core/fence.ts',
    line: '    if (this.#holders.get(key) !== contender) return;',
    because:
      'a replaced connection leaves before the next one is there; a term that is remembered for longer is no breach',
  },
  {
    file: 'src/server/core/redelivery.ts',
    line: '    this.#schedule.end(offset);',
    because: 'what is due is looked up, and not repeated where it is acknowledged',
  },
  {
    file: 'src/server/core/session.ts',
    line: '      this.#subscriptions.get(topic)?.acknowledged(epoch, all);',
    because: 'what is due is looked up, and not repeated where it is acknowledged',
  },
  {
    file: 'src/server/core/snapshot.ts',
    line: '      const bytes = byteLength(text) + 1;',
    because: 'room is kept for a part number of nine digits: one byte more or less is within it',
  },
  {
    file: 'src/server/core/snapshot.ts',
    line: '  return byteLength(partText(snapshot, 999_999_999, false, { events: [], missed: [] }));',
    because: 'room is kept for a part number of nine digits: one byte more or less is within it',
  },
  {
    file: 'src/server/core/subscription.ts',
    line: '  #answered = false;',
    because: 'before the first answer it is looked at only where the log fails',
  },
  {
    file: 'src/server/core/subscription.ts',
    line: '      if (event.critical && !isOwedBy(this.client)) {',
    because: 'what is not given at once is read from the log, and given all the same',
  },
  {
    file: 'src/server/core/subscription.ts',
    line: "        void this.#begin({ type: 'behind' });",
    because: 'whose acknowledgement is owed is known of all who listen, where one server works on a log',
  },
  {
    file: 'src/server/sqlite/sqlite-deliveries.ts',
    line: '    if (recorded === 0) return;',
    because: 'up to where debts are recorded counts for whoever comes back without a cursor',
  },
  {
    file: 'src/server/core/subscription.ts',
    line: '    this.end();',
    because: 'a subscription that is given up has not begun: it listens to nothing and repeats nothing',
  },
  {
    file: 'src/server/core/subscription.ts',
    line: '      this.#giveUp();',
    because: 'only an application that fails to decide who may read brings it about',
  },
  {
    file: 'src/server/core/topics.ts',
    line: '      group.offered.push({ event, text, isOwedBy: event.critical ? among(owedBy) : () => false });',
    because: 'only of critical events it is asked',
  },
  {
    file: 'src/server/sqlite/sqlite-topics.ts',
    line: '    prev: offset - 1,',
    because: 'of what is read from the log, a subscription itself knows what it gave before',
  },
  {
    file: 'src/server/sqlite/sqlite-topics.ts',
    line: '    const forgottenTs = (startedAt ?? 0) - 1;',
    because: 'nobody knows to the millisecond when the log was made',
  },
];

interface Operator {
  readonly name: string;
  change(line: string): string | null;
}

const OPERATORS: readonly Operator[] = [
  {
    name: 'a condition is turned around',
    change: (line) => {
      const condition = /^(\s*(?:\} else )?if \()(.+)(\)(?: \{| return.*;| continue;)?)$/.exec(line);
      return condition && `${condition[1]}!(${condition[2]})${condition[3]}`;
    },
  },
  {
    name: 'a statement is left out',
    change: (line) =>
      /^\s+(?:await |void )?(?:this\.|log\.|lane\.|services\.)[\w.#]+\(.*\);$/.test(line) ? '' : null,
  },
  {
    name: 'true and false are swapped',
    change: (line) => {
      const swapped = line.replaceAll(/\b(true|false)\b/g, (word) => (word === 'true' ? 'false' : 'true'));
      return swapped === line || /readonly|: boolean/.test(line) ? null : swapped;
    },
  },
  {
    name: 'one more than there is',
    change: (line) => (/ [+-] 1\b/.test(line) ? line.replace(/ ([+-]) 1\b/, ' $1 2') : null),
  },
];

export interface Mutation {
  readonly name: string;
  readonly edit: Edit;
}

/** So many different ones, the same for the same seed and sources. */
export function mutations(seed: number, count: number): readonly Mutation[] {
  const all = FILES.flatMap((file) => mutationsOf(file));
  const random = new Random(seed);
  const chosen: Mutation[] = [];
  while (chosen.length < count && all.length > 0) chosen.push(...all.splice(random.int(all.length), 1));
  return chosen;
}

function mutationsOf(file: string): readonly Mutation[] {
  const text = readFileSync(resolve(ROOT, file), 'utf8');
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    // Once only, so that the edit has one place.
    if (
      UNSEEN.test(line) ||
      UNSEEN_LINES.some((unseen) => unseen.file === file && unseen.line === line) ||
      /^\s*(?:\*|\/|import|export type)/.test(line) ||
      text.split(`\n${line}\n`).length !== 2
    )
      return [];
    return OPERATORS.flatMap(({ name, change }) => {
      const instead = change(line);
      if (instead === null) return [];
      const edit = { file, text: `\n${line}\n`, instead: `\n${instead}\n` };
      return [{ name: `${file}:${index + 1}: ${name}: ${line.trim()}`, edit }];
    });
  });
}
