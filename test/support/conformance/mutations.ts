/** Mistakes that nobody thought of: lines of the Node server, changed at random. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Edit } from '../../simulation/mutants/mutant.ts';
import { Random } from '../../simulation/random.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
/** Where the server decides what it says; not what only bounds, counts or reports. */
const FILES = [
  'src/server/core/command-answer.ts',
  'src/server/core/commands.ts',
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
  'src/server/sqlite/sqlite-log.ts',
];
/**
 * What nobody sees who speaks to a server in health and restarts it: what is there for people, for a log that fails or was
 * restored from a backup, for floods and slow lines, for the house to be kept; and what is guarded a second time behind it.
 */
const UNSEEN = new RegExp(
  [
    'stats|report|message|catch|throw|abort|internal|type Judged',
    'limit|forNow|cost|requesters|uncount|crowded|overloaded|\\.take\\(|checkBuffer|#bytes|#release|OFFSETS_PER_ACK|address',
    'congested|drain|pace|partBytes|unfinished|UNASKED|flush|early',
    'cancel|Timer|isOver|over = |ended|handshakes|terminate|cutOff|disconnect|retryAfter',
    'mark|renew|runs|told|dedupe_since|prune|DELETE|used_at|#db\\.|statements|#prepare|rollback|clear\\(|delete\\(',
    'current\\(\\)|\\.closed\\(\\)|repeats\\.end|hasForgotten',
  ].join('|'),
  'i',
);

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
