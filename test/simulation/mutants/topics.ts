import type { Mutant } from './mutant.ts';

/** Mistakes in what pages are given of topics, and what the server is told of it. */
export const TOPICS_MUTANTS: readonly Mutant[] = [
  {
    name: 'a critical event is acknowledged before a page took it',
    file: 'worker/core/topics/criticals.ts',
    text: '    this.#waiting.set(item.offset, item);\n    this.#unproved.delete(item.offset);\n',
    instead: '    this.took(item.offset);\n',
  },
  {
    name: 'acknowledgements are lost with the connection',
    file: 'worker/core/topics/criticals.ts',
    text: '    if (this.#taken.get(item.offset) === item.ts) {\n      this.#untold.set(item.offset, null);',
    instead: '    if (this.#taken.get(item.offset) === item.ts) {',
  },
  {
    name: 'a repeat of a critical event moves the cursor',
    file: 'worker/core/topics/topic.ts',
    text: '    const item = readItem(this.#context, this.name, frame, true, true);\n',
    instead:
      '    knowledge.at = { ...knowledge.at, offset: Math.max(frame.offset, knowledge.at.offset) };\n    const item = readItem(this.#context, this.name, frame, true, true);\n',
  },
  {
    name: 'a hole in the offsets is not noticed',
    file: 'worker/core/topics/topic.ts',
    text: 'if ((frame.prev ?? frame.offset - 1) !== offset) {',
    instead: 'if ((frame.prev ?? frame.offset - 1) < 0) {',
  },
  {
    name: 'two resyncs interleave: a part of the earlier answer gets into the newer one',
    file: 'worker/core/topics/server-subscription.ts',
    text: "if (phase.state !== 'asked' || phase.ref !== frame.ref) return;",
    instead: "if (phase.state !== 'asked') return;",
  },
  {
    name: 'the cursor is stored before a page has credited it',
    file: 'worker/core/tab-batches.ts',
    text: "    tab.credit = { state: 'out', given };",
    instead:
      "    for (const [topic, position] of given) this.#topics.credited(topic, position);\n    tab.credit = { state: 'out', given };",
  },
  {
    name: 'a page that comes back from a stall goes on as if nothing had been lost',
    file: 'worker/core/topics/reader.ts',
    text: "this.#phase = { state: 'stalled', standing: this.#phase.standing };",
    instead:
      "if (this.#phase.state === 'following') this.#phase.place = this.#topic.journal.end;\n    else this.#phase = { state: 'stalled', standing: this.#phase.standing };",
  },
  {
    name: 'held critical events are not given to a new tab',
    file: 'worker/core/topics/reader.ts',
    text: "repeats: phase.state === 'following' ? [] : state.unacknowledged,",
    instead: "repeats: phase.state === 'stalled' ? state.unacknowledged : [],",
  },
  {
    name: 'nobody is told that what was missed is cut short',
    file: 'worker/core/topics/topic.ts',
    text: '    if (parts.truncated) this.#gap(',
    instead: '    if (parts.truncated && !parts.missed) this.#gap(',
  },
  {
    name: 'nobody is told that a server does not say what was missed',
    file: 'worker/core/topics/topic.ts',
    text: 'else if (!parts.missed && from && !hasAll)',
    instead: 'else if (!parts.missed && from?.epoch === epoch && !hasAll)',
    test: 'test/unit/core/gaps.test.ts',
  },
  {
    name: 'another event at the offset of a taken one counts as taken',
    file: 'worker/core/topics/criticals.ts',
    text: 'if (this.#taken.get(item.offset) === item.ts) {',
    instead: 'if (this.#taken.has(item.offset)) {',
    test: 'test/unit/core/criticals.test.ts',
  },
  {
    name: 'what was taken before a new connection has proved its history is acknowledged',
    file: 'worker/core/topics/topic.ts',
    text: '    criticals.proveNothing();\n',
    instead: '',
    test: 'test/unit/core/criticals.test.ts',
  },
  {
    name: 'what came before a state that proves nothing is acknowledged when it is taken after it',
    file: 'worker/core/topics/criticals.ts',
    text: 'if (this.#waiting.delete(offset) && !this.#unproved.delete(offset)) this',
    instead: 'if (this.#waiting.delete(offset)) this',
    test: 'test/unit/core/criticals.test.ts',
  },
  {
    name: 'a state of the same epoch that comes unasked is believed',
    file: 'worker/core/topics/server-subscription.ts',
    text: 'if (knowledge?.at.epoch === epoch) return this.askForMissing();',
    instead: 'if (knowledge?.at.epoch === String(ref)) return this.askForMissing();',
    test: 'test/unit/core/topics-subscription.test.ts',
  },
  {
    name: 'critical events beyond a lowered snapshot stay',
    file: 'worker/core/topics/topic.ts',
    text: '    criticals.forgetBeyond(offset);\n',
    instead: '',
    test: 'test/unit/core/criticals.test.ts',
  },
  {
    name: 'a stall throws away what a hub holds of critical events',
    file: 'worker/core/topics/reader.ts',
    text: "repeats: phase.state === 'following' ? [] : state.unacknowledged,",
    instead: "repeats: phase.state === 'waiting' ? state.unacknowledged : [],",
    test: 'test/unit/core/criticals.test.ts',
  },
  {
    name: 'what a restored server put below a place, and the hub keeps no more, is passed over',
    file: 'worker/core/topics/missed.ts',
    text: '  if (isMissed(completeSince, place)) return false;',
    instead: '  if (completeSince.offset > place.offset) return false;',
    test: 'test/unit/core/gaps.test.ts',
  },
];
