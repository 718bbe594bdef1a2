/** Servers that are wrong in one thing: the Node server with a line of it changed. */
import type { Edit } from '../../simulation/mutants/mutant.ts';

export interface WrongServer {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** The obligation that it breaks. */
  readonly breaks: string;
  readonly log: 'memory' | 'sqlite';
}

export const WRONG_SERVERS: readonly WrongServer[] = [
  {
    name: 'the repeat of a command is forgotten with the connection of the one that it waited for',
    edits: [
      {
        file: 'src/server/core/command-lanes.ts',
        text: "if (answer.status === 'refused') return answer;",
        instead: 'return answer;',
      },
    ],
    breaks: 'fencing/queued-comes-again',
    log: 'memory',
  },
  {
    name: 'the epoch is the same after every restart, also of a history that is lost',
    edits: [
      {
        file: 'src/server/log/memory-log.ts',
        text: 'this.#newEpoch = newEpoch ?? (() => crypto.randomUUID());',
        instead: "this.#newEpoch = newEpoch ?? (() => 'the epoch');",
      },
    ],
    breaks: 'restart/new-epoch',
    log: 'memory',
  },
  {
    name: 'it says that it remembers commands since ever',
    edits: [
      {
        file: 'src/server/core/connection.ts',
        text: 'dedupe_since: rememberedSince,',
        instead: 'dedupe_since: 0 * rememberedSince,',
      },
    ],
    breaks: 'restart/dedupe-since-lost',
    log: 'memory',
  },
  {
    name: 'it says that it remembers commands since now alone',
    edits: [
      {
        file: 'src/server/core/connection.ts',
        text: 'dedupe_since: rememberedSince,',
        instead: 'dedupe_since: Math.max(serverTime, rememberedSince),',
      },
    ],
    breaks: 'once/memory-stays',
    log: 'memory',
  },
  {
    name: 'it runs commands as they come, whatever is still running ahead of them',
    edits: [
      {
        file: 'src/server/core/command-lanes.ts',
        text: 'const laneKey = JSON.stringify([principal, clientId, frame.topic ?? null]);',
        instead: 'const laneKey = JSON.stringify([principal, clientId, frame.topic ?? null, frame.id]);',
      },
    ],
    breaks: 'order/commands-behind-a-slow-one',
    log: 'memory',
  },
  {
    name: 'it leaves `prev` out where the offset before was not given',
    edits: [
      {
        file: 'src/server/core/frames.ts',
        text: "const before = prev === event.offset - 1 ? '' :",
        instead: "const before = prev <= event.offset - 1 ? '' :",
      },
    ],
    breaks: 'large/left-out-live',
    log: 'memory',
  },
  {
    name: 'it counts characters where a limit is in bytes',
    edits: [
      {
        file: 'src/server/core/snapshot.ts',
        text: 'const bytes = byteLength(text) + 1;',
        instead: 'const bytes = text.length + 1;',
      },
    ],
    breaks: 'snapshots/parts-within-the-limit',
    log: 'memory',
  },
  {
    name: 'it repeats critical events before the replay',
    edits: [
      {
        file: 'src/server/core/subscription.ts',
        text: '      if (known === null || !(await this.#catchUp(known, current))) return;',
        instead:
          '      if (known !== null) await this.#redelivery.resume((await this.#owed()).filter(({ offset }) => offset <= answeredAt));\n      if (known === null || !(await this.#catchUp(known, current))) return;',
      },
    ],
    breaks: 'criticals/after-the-replay',
    log: 'memory',
  },
  {
    name: 'it does not owe the critical events of a replay',
    edits: [
      {
        file: 'src/server/core/subscription.ts',
        text: 'await this.#oweBeyond([], { after: cursor.offset }, history)',
        instead: 'true',
      },
      {
        file: 'src/server/core/subscription.ts',
        text: 'isOf && (await this.#owe(unrecorded, page.epoch, last.offset))',
        instead: 'isOf',
      },
    ],
    breaks: 'criticals/owed-after-replay',
    log: 'memory',
  },
  {
    name: 'it moves `dedupe_since` at every restart, although it remembers',
    edits: [
      {
        file: 'src/server/core/connection.ts',
        text: 'dedupe_since: rememberedSince,',
        instead: 'dedupe_since: Math.max(runs.at(-1)?.from ?? 0, rememberedSince),',
      },
    ],
    breaks: 'restart/dedupe-since-kept',
    log: 'sqlite',
  },
  {
    name: 'it goes on where a backup of its log was restored, as if nothing were lost',
    edits: [
      {
        file: 'src/server/sqlite/sqlite-log.ts',
        text: 'if (restored !== null)\n',
        instead: "if (restored === '')\n",
      },
    ],
    breaks: 'restart/restored-history',
    log: 'sqlite',
  },
  {
    name: 'it repeats the critical events of a topic that was unsubscribed',
    edits: [{ file: 'src/server/core/subscription.ts', text: '    this.#redelivery.end();\n', instead: '' }],
    breaks: 'criticals/unsubscribed',
    log: 'memory',
  },
  {
    name: 'it tells nobody that the epoch of a topic has changed',
    edits: [
      {
        file: 'src/server/core/subscription.ts',
        text: 'if (epoch !== this.#epoch) {',
        instead: 'if (epoch === null) {',
      },
    ],
    breaks: 'cursors/new-epoch-while-connected',
    log: 'memory',
  },
  {
    name: 'it passes over an `ack` of too many offsets in silence',
    edits: [
      {
        file: 'src/server/core/session.ts',
        text: 'this.#line.goodbye(badFrame(`an',
        instead: 'void (badFrame(`an',
      },
    ],
    breaks: 'criticals/too-many-acknowledged-at-once',
    log: 'memory',
  },
  {
    name: 'it does not say that `missed` lacks something',
    edits: [
      {
        file: 'src/server/core/subscription.ts',
        text: 'truncated: history?.complete === false',
        instead: 'truncated: false',
      },
    ],
    breaks: 'missed/truncated-by-cursor',
    log: 'memory',
  },
  {
    name: 'it repeats critical events every 5 seconds for ever',
    edits: [
      {
        file: 'src/server/core/redelivery-schedule.ts',
        text: 'Math.min(before * 2, LONGEST_REPEAT_MS)',
        instead: 'Math.min(before, LONGEST_REPEAT_MS)',
      },
    ],
    breaks: 'criticals/backs-off',
    log: 'memory',
  },
  {
    name: 'a command is refused over the trace that it says it is of',
    edits: [
      {
        file: 'src/protocol/frames/client/command.ts',
        text: 'v.fallback(v.optional(traceparent), undefined)',
        instead: 'v.optional(traceparent)',
      },
    ],
    breaks: 'growth/no-traceparent',
    log: 'memory',
  },
];
