import type { Mutant } from './mutant.ts';

const TEST = 'test/unit/server/replicated-log.test.ts';
const REPLICA = 'src/server/replicated/replica.ts';
const AUTHOR = 'src/server/replicated/author.ts';

/** Mistakes in the log that many servers work on. */
export const REPLICATED_MUTANTS: readonly Mutant[] = [
  {
    name: 'a server reads its clock while it applies a record',
    file: 'src/server/replicated/record.ts',
    text: 'content: { ...content, now } }) as Entry',
    instead: 'content: { ...content, now: Date.now() } }) as Entry',
    test: TEST,
  },
  {
    name: 'the digest leaves out what has come of the records',
    file: 'src/server/replicated/record.ts',
    text: "outcomes.map(outcomeText).join(';')",
    instead: 'String(outcomes.length)',
    test: TEST,
  },
  {
    name: 'a repeated record is applied again',
    file: REPLICA,
    text: 'const isRepeat = record.number <= this.numberOf(record.author);',
    instead: 'const isRepeat = record.number < 0;',
    test: TEST,
  },
  {
    name: 'a server does not compare what others have applied',
    file: REPLICA,
    text: 'if (known === null || (known !== undefined && known !== record.digest)) {',
    instead: "if (known === 'never') {",
    test: TEST,
  },
  {
    name: 'a server does not notice that the log ends before what it has applied',
    file: REPLICA,
    text: '      if (newest < position) this.#mustReach(newest);\n',
    instead: '',
    test: TEST,
  },
  {
    name: 'a server waits for what it has written where something else is',
    file: REPLICA,
    text: 'if (record.position <= this.position && this.numberOf(author) < number)',
    instead: 'if (record.position < 0)',
    test: TEST,
  },
  {
    name: 'a server that starts does not mind what was written by one that knew another log',
    file: REPLICA,
    text: 'if (doubt !== undefined && !isToBeRenewed) {',
    instead: "if (doubt === 'never') {",
    test: TEST,
  },
  {
    name: 'a renewal does not settle what was written before it',
    file: REPLICA,
    text: "    if (entries.some(({ kind }) => kind === 'renew')) doubt = undefined;\n",
    instead: '',
    test: TEST,
  },
  {
    name: 'a server applies its own record ahead of those before it',
    file: REPLICA,
    text: "if (record.position !== this.position + 1 || this.#standing.state === 'diverged') return;",
    instead: "if (record.position <= this.position || this.#standing.state === 'diverged') return;",
    test: TEST,
  },
  {
    name: 'a server goes on where the log was trimmed',
    file: REPLICA,
    text: '        if (failures) throw noDump(oldest, this.position, failures);\n        continue;\n',
    instead: '',
    test: TEST,
  },
  {
    name: 'a server that is behind does not say so',
    file: REPLICA,
    text: "if (this.#standing.state === 'current' && records > BEHIND)",
    instead: "if (this.#standing.state === 'current' && records > 1_000 * BEHIND)",
    test: TEST,
  },
  {
    name: 'a server that starts serves what it knew before',
    file: REPLICA,
    text: 'while (this.position < newest) {',
    instead: 'while (this.position < newest - 1_000) {',
    test: TEST,
  },
  {
    name: 'an author takes a refusal for certain, though an earlier answer was lost',
    file: AUTHOR,
    text: 'if (isRefused && !mayBeThere) return error;',
    instead: 'if (isRefused) return error;',
    test: TEST,
  },
  {
    name: 'an author gives up where an answer is lost',
    file: AUTHOR,
    text: '      mayBeThere = true;\n',
    instead: '      if (!isRefused) return new Error(String(error));\n',
    test: TEST,
  },
  {
    name: 'an author writes the next record before the last one is applied',
    file: AUTHOR,
    text: '        await over;\n        return null;',
    instead: '        return null;',
    test: TEST,
  },
  {
    name: 'what a handler expects counts when it runs, and not when its command has its place in the log',
    file: 'src/server/log/expectations.ts',
    text: 'return expectations.every(',
    instead: 'return expectations.length >= 0 || expectations.every(',
    test: 'test/unit/server/expectations.test.ts',
  },
  {
    name: 'a handler that was overtaken is asked no more, and its command is refused',
    file: 'src/server/core/execute.ts',
    text: '        if (overtaken < OVERTAKEN_LIMIT) continue;\n',
    instead: '',
    test: 'test/unit/server/expectations.test.ts',
  },
  {
    name: 'what was applied of each author is forgotten',
    file: 'src/server/replicated/authors.ts',
    text: '[author]: { number, time } }',
    instead: '[author]: { number: 0, time } }',
    test: TEST,
  },
  {
    name: 'rights are judged anew by the server alone that was asked to',
    file: 'src/server/replicated/replicated-log.ts',
    text: "      if (kind === 'recheck') happenings.push({ kind: 'rechecked', ...content });\n",
    instead: '',
    test: 'test/unit/server/three-servers.test.ts',
  },
  {
    name: 'who listens at another server does not hear that a topic has ended',
    file: 'src/server/replicated/replicated-log.ts',
    text: "      if (kind === 'endTopic') happenings.push(...endingsOf(outcome as Outcomes['endTopic']));\n",
    instead: '',
    test: 'test/unit/server/three-servers.test.ts',
  },
];
