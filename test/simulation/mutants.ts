import { STORED_MUTANTS } from './mutants/stored.ts';

/** In a file, the text, found exactly once, and what is there instead. */
export interface Edit {
  readonly file: string;
  readonly text: string;
  readonly instead: string;
}
/** One mistake that somebody might make; `also`: where a second guard stands behind the first, it goes as well. */
export interface Mutant extends Edit {
  readonly name: string;
  readonly also?: Edit;
  /** The unit test that catches it where the simulation cannot: why is in that test. */
  readonly test?: string;
}

/** Each must be caught by the simulation, or by the unit test that it names: what both let through, nobody tests. */
export const MUTANTS: readonly Mutant[] = [
  ...STORED_MUTANTS,
  {
    name: 'an entry is deleted when it is sent',
    file: 'worker/core/outbox/dispatch.ts',
    text: "  const ops = picked.map(({ row }): StoreOp => ({ op: 'put', table: 'entries', row }));",
    instead:
      "  const ops = picked.map(({ row }): StoreOp => ({ op: 'delete', table: 'entries', key: row.id }));",
  },
  {
    name: 'a frame is written before its row says that it may have been sent',
    file: 'worker/core/outbox/dispatch.ts',
    text: '    entry.row = markedRow(withEnd(box, entry), writable.serverTime);\n',
    instead:
      '    entry.row = { ...markedRow(withEnd(box, entry), writable.serverTime), maybeSent: false };\n',
  },
  {
    name: 'an entry that may have been sent expires',
    file: 'worker/core/outbox/expiry.ts',
    text: 'else if (!row.maybeSent) expireEntry',
    instead: 'else expireEntry',
  },
  {
    name: 'an entry is sent again, though the server may have forgotten it',
    file: 'worker/core/outbox/dispatch.ts',
    text: 'firstSentAt >= dedupeSince && firstSentAt <= serverTime',
    instead: 'firstSentAt > 0',
  },
  {
    name: 'what was in flight is not sent again after a reconnect',
    file: 'worker/core/outbox/dispatch.ts',
    text: "if (entry.delivery.state === 'in_flight') entry.delivery = { state: 'ready' };",
    instead: "if (entry.delivery.state === 'in_flight') entry.delivery = { state: 'storing' };",
  },
  {
    name: 'the order is turned around when commands are sent again',
    file: 'worker/core/outbox/entry.ts',
    text: '  return a.row.seq - b.row.seq;',
    instead:
      '  return a.row.attempt > 0 || b.row.attempt > 0 ? b.row.seq - a.row.seq : a.row.seq - b.row.seq;',
  },
  {
    name: 'a second high command of a topic overtakes the first',
    file: 'worker/core/outbox/entry.ts',
    text: "  if (a.row.priority !== b.row.priority) return a.row.priority === 'high' ? -1 : 1;\n  return",
    instead:
      "  if (a.delivery.state === 'waiting' || b.delivery.state === 'waiting') return a.delivery.state === 'waiting' ? 1 : -1;\n  return",
  },
  {
    name: 'a cancel takes back what may have been sent',
    file: 'worker/core/outbox/outbox.ts',
    text: 'if (entry.row.maybeSent && !entry.neverRan) {',
    instead: 'if (entry.row.maybeSent && entry.row.attempt < 0) {',
  },
  {
    name: 'a send that an earlier hub died over counts as never sent',
    file: 'worker/core/outbox/outbox.ts',
    text: '    maybeSent: maybeSentMs !== null,',
    instead: '    maybeSent: false,',
  },
  {
    name: 'a send resolves before it is stored',
    file: 'worker/core/outbox/outbox.ts',
    text: '  put(box, entry, requireDurable);\n  if (writable)',
    instead: '  answer(ok({ durable: true }));\n  put(box, entry, requireDurable);\n  if (writable)',
  },
  {
    name: 'an ending is not stored, so that the row comes back',
    file: 'worker/core/outbox/endings.ts',
    text: '    ...box.outcomes.prune(box.context.now),',
    instead:
      "    { op: 'put', table: 'entries', row: entry.row },\n    ...box.outcomes.prune(box.context.now),",
  },
  {
    name: 'rows that the store holds are not taken over',
    file: 'worker/core/outbox/merge.ts',
    text: '    if (entries.has(row.id)) continue;\n',
    instead: '    if (entries.has(row.id) || entries.size > 0) continue;\n',
  },
  {
    name: 'memory forgets that a row may have been sent when the store is back',
    file: 'worker/core/outbox/merge.ts',
    text: 'maybeSent: memory.maybeSent || stored.maybeSent,',
    instead: 'maybeSent: false,',
  },
  {
    name: 'an earlier socket is neither ended nor known by its generation',
    file: 'worker/core/connection/connection.ts',
    text: 'const late = !this.#isPresent(generation);',
    instead: "const late = !('generation' in this.#state);",
    also: {
      file: 'worker/shell/socket.ts',
      text: '    this.#live?.unheard.abort();\n    this.#live?.socket.close();\n',
      instead: '',
    },
  },
  {
    name: 'a dead socket is believed for ever',
    file: 'worker/core/connection/connection.ts',
    text: "this.#context.after('heartbeat', timeoutMs, () =>",
    instead: "this.#context.after('heartbeat', timeoutMs * 1e6, () =>",
  },
  {
    name: 'commands leave although the server takes us for somebody else',
    file: 'worker/core/hub.ts',
    text: '    if (this.#binding.principal === principal) {',
    instead: '    if (this.#binding.principal !== null) {',
  },
  {
    name: 'a critical event is acknowledged before a page took it',
    file: 'worker/core/topics/criticals.ts',
    text: '    this.#waiting.set(item.offset, item);\n    return true;',
    instead: '    this.took(item.offset);\n    return true;',
  },
  {
    name: 'a critical event counts as taken when a handler failed',
    file: 'src/client/consumer.ts',
    text: "return states.includes('failed') ? 'failed' : 'taken';",
    instead: "return states.includes('failed') ? 'taken' : 'taken';",
  },
  {
    name: 'a critical event that was given once is never given again',
    file: 'src/client/feed.ts',
    text: "if (state ? state !== 'failed' : !consumer.wants(item)) return false;",
    instead: 'if (state || !consumer.wants(item)) return false;',
  },
  {
    name: 'acknowledgements are lost with the connection',
    file: 'worker/core/topics/criticals.ts',
    text: '    if (this.#taken.has(item.offset)) {\n      this.#unacknowledged.add(item.offset);',
    instead: '    if (this.#taken.has(item.offset)) {',
  },
  {
    name: 'a repeat of a critical event moves the cursor',
    file: 'worker/core/topics/topic.ts',
    text: '    const item = this.#read(frame, true, true);\n    if (item) this.#pass',
    instead:
      '    knowledge.offset = Math.max(frame.offset, knowledge.offset);\n    const item = this.#read(frame, true, true);\n    if (item) this.#pass',
  },
  {
    name: 'a hole in the offsets is not noticed',
    file: 'worker/core/topics/topic.ts',
    text: 'if ((frame.prev ?? frame.offset - 1) !== knowledge.offset) {',
    instead: 'if ((frame.prev ?? frame.offset - 1) < 0) {',
  },
  {
    name: 'two resyncs interleave: a part of the earlier answer gets into the newer one',
    file: 'worker/core/topics/topic.ts',
    text: "if (subscription.state !== 'asked' || subscription.ref !== frame.ref) return;\n    const parts",
    instead: "if (subscription.state !== 'asked') return;\n    const parts",
  },
  {
    name: 'the cursor is stored before a page has credited it',
    file: 'worker/core/tabs.ts',
    text: "    tab.credit = { state: 'out', given };",
    instead:
      "    for (const [topic, position] of given) this.#topics.credited(topic, position);\n    tab.credit = { state: 'out', given };",
  },
  {
    name: 'a page that comes back from a stall goes on as if nothing had been lost',
    file: 'worker/core/topics/seat.ts',
    text: '    this.#mustRestart = true;\n    this.#giving = null;',
    instead: '    this.#place = this.#topic.journal.end;\n    this.#giving = null;',
  },
  {
    name: 'an older repeat overwrites what came after it',
    file: 'src/client/feed.ts',
    text: 'return !item.isRepeat && offset > consumer.seen && consumer.wants(item);',
    instead: 'return consumer.wants(item);',
  },
  {
    name: 'a send is not offered to the hub that follows a dead one',
    file: 'src/client/connect.ts',
    text: '      if (!error && (!call.asked || call.again)) continue;',
    instead: '      if (!error && !call.asked) continue;',
  },
  {
    name: 'a relay gives credit before its tab has taken the batch',
    file: 'worker/shell/relay.ts',
    text: '        if (isFarewell(batch)) credit();\n        else delivered?.then(credit, () => {});',
    instead: '        delivered?.catch(() => {});\n        credit();',
  },
  {
    name: 'the tabs of a relay that died stay with the owner',
    file: 'worker/shell/relays.ts',
    text: '.then(close, close);',
    instead: '.then(() => {}, close);',
  },
  {
    name: 'an owner that is stuck is waited for',
    file: 'worker/shell/hub.ts',
    text: "    this.#lineUp('steal');",
    instead: '    this.#ask();',
  },
  {
    name: 'an owner that was robbed goes on',
    file: 'worker/shell/hub.ts',
    text: "    if (this.#role.is === 'owner') return this.#role.line.fence(why);",
    instead: "    if (this.#role.is === 'owner') return;",
    also: {
      file: 'worker/core/hub.ts',
      text: "        if (input.failure === 'fenced') return this.#end('superseded');\n",
      instead: '',
    },
  },
  {
    name: 'the server runs the commands of both connections of a browser',
    file: 'src/server/core/session.ts',
    text: "    this.stopCommands();\n    this.#line.goodbye({ code: 'superseded'",
    instead: "    if (this.stopCommands.length === 0) return;\n    this.#line.goodbye({ code: 'superseded'",
  },
  {
    name: 'the server runs a command again that it has accepted',
    file: 'src/server/log/memory-log.ts',
    text: "this.#record(command, { status: 'accepted', result: command.result }, now);",
    instead: "this.#record(command, { status: 'begun' }, now);",
  },
  {
    name: 'the server does not remember to whom it owes a critical event',
    file: 'src/server/log/memory-log.ts',
    text: 'if (event.critical) for (const client of owedBy) this.#deliver(client, name, event);',
    instead:
      'if (event.critical && owedBy.length > 9) for (const client of owedBy) this.#deliver(client, name, event);',
  },
];
