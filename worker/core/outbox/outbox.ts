import type { ClientFrameOf } from '../../../src/protocol/frames/index.ts';
import { commandDefinition } from '../../../src/protocol/interpret.ts';
import type { Outcome } from '../../../src/protocol/model.ts';
import type { AnyOutboxEntry, ErrorCode, OutgoingCommand, Reply } from '../../../src/protocol/port.ts';
import { askedWaitMs, backoffMs } from '../connection/backoff.ts';
import type { Context } from '../context.ts';
import type { Keeper } from '../keeper.ts';
import type { StoredEntry, StoredOutcome, StoreOp } from '../store.ts';
import { type Entry, entryView, inOrder, isPending } from './entry.ts';
import { Outcomes } from './outcomes.ts';
import { pickNext } from './pick.ts';
import { restoreEntry } from './restore.ts';
import { utf8Bytes } from './utf8.ts';

/** How long a socket must stay open after a frame, in a dialect without answers. */
const WRITTEN_AFTER_MS = 2_000;

/** What the outbox needs of the connection, and tells the tabs. */
export interface OutboxHost {
  /** The connection, while commands may leave on it. */
  writable(): { generation: number; serverTime: number; maxFrameBytes: number } | null;
  /** What ends a command in the dialect spoken. */
  confirms(): 'ack' | 'written';
  write(frame: ClientFrameOf['command']): void;
  measure(generation: number): void;
  /** The outbox looks different. */
  changed(): void;
  settled(settled: Pick<StoredOutcome, 'id' | 'command' | 'outcome'>): void;
}

type Answer<T> = (reply: Reply<T>) => void;
type SendAnswer = Answer<{ durable: boolean }>;
interface Ending {
  at: number;
  /** The row as it stays visible; `null` where it goes. */
  row: StoredEntry | null;
  outcome: Outcome;
}

/**
 * The durable outbound log. A row is the truth about its command: it says `maybeSent` before the frame leaves, and
 * nothing but the server's final answer, or its owner's word on one that was never sent, ends it.
 */
export class Outbox {
  readonly #context: Context;
  readonly #keeper: Keeper;
  readonly #host: OutboxHost;
  readonly #entries = new Map<string, Entry>();
  /** Ended, and the store does not know it yet. */
  readonly #endings = new Map<string, Ending>();
  readonly #outcomes = new Outcomes();
  readonly #sendAnswers = new Map<string, SendAnswer[]>();
  #seq = 0;

  constructor(context: Context, keeper: Keeper, host: OutboxHost) {
    this.#context = context;
    this.#keeper = keeper;
    this.#host = host;
  }

  get view(): AnyOutboxEntry[] {
    const { deadlines } = this.#context;
    return [...this.#entries.values()]
      .sort(inOrder)
      .map((entry) => entryView(entry, deadlines.at(retryName(entry.row.id))));
  }

  get counts(): { high: number; normal: number; inFlight: number; entries: number } {
    const pending = this.#pending();
    const high = pending.filter(({ row }) => row.priority === 'high').length;
    const inFlight = pending.filter(({ delivery }) => delivery.state === 'in_flight').length;
    return { high, normal: pending.length - high, inFlight, entries: this.#entries.size };
  }

  /** Whether a connection is needed. */
  get hasPending(): boolean {
    return this.#pending().length > 0;
  }

  /**
   * Takes the stored rows over, at the start or after the store failed. Returns what memory has and the store lacks;
   * `stored` is to be told how writing that went.
   */
  load(
    rows: readonly StoredEntry[],
    outcomes: readonly StoredOutcome[],
  ): { ops: StoreOp[]; stored: (done: boolean) => void } {
    const inStore = new Map(rows.map((row) => [row.id, row]));
    const settledInStore = new Map(outcomes.map((outcome) => [outcome.id, outcome]));
    for (const entry of this.#entries.values()) {
      const row = inStore.get(entry.row.id);
      entry.stored = row ? (row.maybeSent ? 'maybe_sent' : 'unsent') : 'no';
      if (row) entry.row = mergeRows(entry.row, row);
      const settled = settledInStore.get(entry.row.id);
      if (settled && !row && isPending(entry)) this.#forget(entry, settled);
    }
    const ops: StoreOp[] = [];
    for (const row of inStore.values()) {
      this.#seq = Math.max(this.#seq, row.seq);
      if (this.#entries.has(row.id)) continue;
      const restored = this.#outcomes.get(row.id)
        ? null
        : restoreEntry(this.#context.protocol, row, this.#context.now);
      if (!restored) {
        ops.push({ op: 'delete_entry', id: row.id });
        continue;
      }
      this.#entries.set(row.id, {
        row: restored,
        stored: row.maybeSent ? 'maybe_sent' : 'unsent',
        delivery: { state: 'ready' },
      });
    }
    for (const outcome of this.#outcomes.all)
      if (!settledInStore.has(outcome.id)) ops.push({ op: 'put_outcome', outcome });
    this.#outcomes.load(outcomes);
    const written = [...this.#entries.values()].filter((entry) => inStore.get(entry.row.id) !== entry.row);
    for (const entry of written) ops.push(...this.#opsOf(entry));
    const endings = [...this.#endings];
    this.#host.changed();
    return {
      ops,
      stored: (done) => {
        if (!done) return;
        for (const entry of written) entry.stored = entry.row.maybeSent ? 'maybe_sent' : 'unsent';
        for (const [id, ending] of endings) this.#applyEnding(id, ending);
        this.pump();
      },
    };
  }

  send(command: OutgoingCommand, answer: SendAnswer): void {
    const known = this.#entries.get(command.id);
    if (this.#outcomes.get(command.id) || (known && known.stored !== 'no'))
      return answer(ok({ durable: true }));
    if (known) return void this.#answersTo(command.id).push(answer);

    const { priority, topic, dedupeKey, requireDurable } = command;
    const { type } = command.command;
    const twin = this.#twin(type, dedupeKey);
    if (twin)
      return answer(
        refusal('duplicate_command', `${type} "${dedupeKey}" is pending already, as ${twin.row.id}`),
      );
    if (requireDurable && this.#keeper.degraded) return answer(storageUnavailable(type));
    const full = this.#makeRoom(priority, type);
    if (full) return answer(full);

    const row: StoredEntry = {
      id: command.id,
      seq: ++this.#seq,
      topic,
      priority,
      command: command.command,
      appVersion: this.#context.protocol.version,
      dedupeKey,
      createdAt: this.#context.now,
      maybeSent: false,
      attempt: 0,
      firstSentAt: null,
      fate: { state: 'pending' },
    };
    const entry: Entry = { row, stored: 'no', delivery: { state: 'ready' } };
    this.#entries.set(row.id, entry);
    this.#answersTo(row.id).push(answer);
    const writable = requireDurable ? null : this.#host.writable();
    const goesNow = writable !== null && this.#isNext(entry) && this.#fits(entry, writable.maxFrameBytes);
    if (goesNow) entry.row = markedRow(row, writable.serverTime);
    this.#put(entry, requireDurable);
    if (goesNow && isPending(entry)) this.#writeFrame(entry, writable.generation);
    this.#host.changed();
    this.pump();
  }

  cancel(id: string, answer: Answer<boolean>): void {
    const entry = this.#entries.get(id);
    if (!entry || !isPending(entry) || entry.row.maybeSent) return answer(ok(false));
    this.#end(entry, { row: null, outcome: { status: 'cancelled' } }, (told) => {
      if (told) return answer(ok(true));
      // The stored row would come back after a crash: it cannot be called cancelled.
      this.#endings.delete(id);
      entry.delivery = { state: 'ready' };
      answer(storageUnavailable(entry.row.command.type));
      this.pump();
    });
  }

  retry(id: string, answer: SendAnswer): void {
    const entry = this.#entries.get(id);
    if (!entry || entry.row.fate.state === 'pending' || this.#endings.has(id)) {
      return answer(
        refusal(
          'invalid_command',
          `${id} is not in the outbox as an entry that ended; only those can be retried`,
        ),
      );
    }
    const { protocol, now } = this.#context;
    const { row } = entry;
    const fresh = restoreEntry(
      protocol,
      { ...row, createdAt: now, firstSentAt: null, fate: { state: 'pending' } },
      now,
    );
    if (!fresh || fresh.fate.state === 'quarantined') {
      const why = fresh?.fate.state === 'quarantined' ? fresh.fate.error.message : 'it is gone';
      return answer(refusal('invalid_command', `${row.command.type} cannot be retried: ${why}`));
    }
    if (this.#twin(row.command.type, fresh.dedupeKey)) {
      return answer(
        refusal('duplicate_command', `${row.command.type} "${fresh.dedupeKey}" is pending already`),
      );
    }
    const full = this.#makeRoom(row.priority, row.command.type);
    if (full) return answer(full);
    // What the server refused did not run; of what is uncertain nobody knows.
    entry.row = { ...fresh, seq: ++this.#seq, maybeSent: row.fate.state === 'uncertain' };
    entry.delivery = { state: 'ready' };
    this.#answersTo(id).push(answer);
    this.#put(entry, false, this.#outcomes.remove(id));
    this.#host.changed();
    this.pump();
  }

  dismiss(id: string, answer: Answer<null>): void {
    const entry = this.#entries.get(id);
    if (!entry) return answer(ok(null));
    if (entry.row.fate.state === 'pending') {
      return answer(
        refusal('invalid_command', `${entry.row.command.type} is still pending; cancel it instead`),
      );
    }
    this.#keeper.write([{ op: 'delete_entry', id }], 'relaxed', (stored) => {
      if (!stored && entry.stored !== 'no') return answer(storageUnavailable(entry.row.command.type));
      this.#entries.delete(id);
      this.#host.changed();
      answer(ok(null));
    });
  }

  settled(id: string): Outcome | null {
    return this.#outcomes.get(id)?.outcome ?? null;
  }

  /** Empties the outbox; `done` when the store has. */
  discard(done: (stored: boolean) => void): void {
    const ops = [...this.#entries.keys()].map((id): StoreOp => ({ op: 'delete_entry', id }));
    this.#entries.clear();
    this.#endings.clear();
    this.#host.changed();
    this.#keeper.write(ops, 'strict', done);
  }

  /** Commands sent before the server's memory begins may have run: a person decides about those. */
  connected(dedupeSince: number): void {
    for (const entry of this.#pending()) {
      const { maybeSent, firstSentAt } = entry.row;
      if (!maybeSent || firstSentAt === null || firstSentAt >= dedupeSince) continue;
      const row: StoredEntry = { ...entry.row, fate: { state: 'uncertain', at: this.#context.now } };
      this.#end(entry, { row, outcome: { status: 'uncertain' } });
    }
    this.pump();
  }

  disconnected(): void {
    this.#context.deadlines.clear('written');
    for (const entry of this.#pending()) {
      if (entry.delivery.state === 'in_flight') entry.delivery = { state: 'ready' };
    }
  }

  acked({ id, duplicate, result }: { id: string; duplicate?: true | undefined; result?: unknown }): void {
    const entry = this.#entries.get(id);
    if (!entry || entry.row.fate.state !== 'pending' || this.#endings.has(id)) return;
    this.#end(entry, { row: null, outcome: { status: 'accepted', duplicate: duplicate ?? false, result } });
    this.#answer(id, ok({ durable: true }));
    this.pump();
  }

  nacked(nack: {
    id: string;
    code: string;
    message: string;
    retry: boolean;
    retry_after_ms?: number | undefined;
  }): void {
    const { id, code, message } = nack;
    const entry = this.#entries.get(id);
    if (!entry || !isPending(entry)) return;
    if (!nack.retry) this.#reject(entry, code, message);
    else {
      const { settings, random, deadlines, now } = this.#context;
      const asked = nack.retry_after_ms;
      const waitMs =
        asked === undefined
          ? backoffMs(entry.row.attempt - 1, settings, random)
          : askedWaitMs(asked, settings, random);
      entry.delivery = { state: 'waiting', error: { code, message } };
      deadlines.set(retryName(id), now + waitMs, () => {
        if (entry.delivery.state !== 'waiting') return;
        entry.delivery = { state: 'ready' };
        this.#host.changed();
        this.pump();
      });
    }
    this.#host.changed();
    this.pump();
  }

  /** In a dialect without answers: what was written long enough ago, to a socket with nothing left to send, has left. */
  measured(generation: number, bufferedBytes: number): void {
    if (this.#host.writable()?.generation !== generation) return;
    const { now } = this.#context;
    for (const entry of this.#pending()) {
      const { delivery } = entry;
      if (delivery.state !== 'in_flight' || bufferedBytes > 0 || delivery.writtenAt + WRITTEN_AFTER_MS > now)
        continue;
      this.#end(entry, { row: null, outcome: { status: 'written' } });
    }
    this.#watchWritten(generation, bufferedBytes > 0);
    this.pump();
  }

  /** Hands to the socket whatever may go. */
  pump(): void {
    this.#expire();
    const writable = this.#host.writable();
    if (!writable) return;
    const { degraded } = this.#keeper;
    const candidates = this.#pending()
      .sort(inOrder)
      // A row that says "never sent" must not be contradicted: it waits for the store.
      .map((entry) => ({ entry, held: degraded && entry.stored === 'unsent' }));
    const picked = pickNext(candidates, this.#context.settings.inFlightLimit).filter((entry) =>
      this.#fits(entry, writable.maxFrameBytes),
    );
    if (picked.length === 0) return;
    const before = new Map(picked.map((entry) => [entry, entry.row]));
    for (const entry of picked) {
      entry.row = markedRow(entry.row, writable.serverTime);
      entry.delivery = { state: 'marking' };
    }
    if (degraded) {
      for (const entry of picked) this.#writeFrame(entry, writable.generation);
      return this.pump();
    }
    const ops = picked.map(({ row: entry }): StoreOp => ({ op: 'put_entry', entry }));
    const durability = picked.some(({ row }) => row.priority === 'high') ? 'strict' : 'relaxed';
    this.#keeper.write(ops, durability, (stored) => {
      const open = this.#host.writable()?.generation === writable.generation;
      for (const [entry, unmarked] of before) {
        if (entry.delivery.state !== 'marking') continue;
        if (stored) entry.stored = 'maybe_sent';
        if (open && (stored || entry.stored !== 'unsent')) this.#writeFrame(entry, writable.generation);
        else {
          // It never left, whatever its stored row now says to be safe.
          entry.row = unmarked;
          entry.delivery = { state: 'ready' };
        }
      }
      this.#host.changed();
      this.pump();
    });
  }

  #pending(): Entry[] {
    return [...this.#entries.values()].filter((entry) => isPending(entry));
  }

  #twin(type: string, dedupeKey: string | null): Entry | undefined {
    if (dedupeKey === null) return undefined;
    return [...this.#entries.values()].find(
      ({ row, delivery }) =>
        row.dedupeKey === dedupeKey &&
        row.command.type === type &&
        delivery.state !== 'settled' &&
        (row.fate.state === 'pending' || row.fate.state === 'uncertain'),
    );
  }

  /** At the limit: refuses, or drops the oldest that was never handed to a socket, as the command's definition says. */
  #makeRoom(priority: 'high' | 'normal', type: string): Reply<never> | null {
    const { settings, protocol, now } = this.#context;
    const limit = priority === 'high' ? settings.highLimit : settings.normalLimit;
    const peers = this.#pending().filter(({ row }) => row.priority === priority);
    if (peers.length < limit) return null;
    const overflow =
      commandDefinition(protocol, type)?.overflow ?? (priority === 'high' ? 'refuse' : 'drop_oldest');
    const oldest = overflow === 'refuse' ? undefined : peers.sort(inOrder).find(({ row }) => !row.maybeSent);
    if (!oldest)
      return refusal(
        'outbox_full',
        `${limit} commands of ${priority} priority are pending; ${type} was not taken`,
      );
    const error = { code: 'outbox_full', message: `made room for a newer command, at the limit of ${limit}` };
    this.#end(oldest, {
      row: { ...oldest.row, fate: { state: 'dropped', at: now, error } },
      outcome: { status: 'dropped' },
    });
    return null;
  }

  #isNext(entry: Entry): boolean {
    const candidates = this.#pending().sort(inOrder);
    if (candidates.some(({ delivery }) => delivery.state === 'marking')) return false;
    const next = pickNext(
      candidates.map((candidate) => ({ entry: candidate, held: false })),
      this.#context.settings.inFlightLimit,
    );
    return next.length === 1 && next[0] === entry;
  }

  /** A command that the server would never take must not end every connection: it is refused here. */
  #fits(entry: Entry, maxBytes: number): boolean {
    const bytes = utf8Bytes(JSON.stringify(commandFrame(entry.row)));
    if (bytes <= maxBytes) return true;
    this.#reject(entry, 'too_large', `${bytes} bytes; the server takes at most ${maxBytes}`);
    return false;
  }

  #reject(entry: Entry, code: string, message: string): void {
    const fate = { state: 'rejected', at: this.#context.now, error: { code, message } } as const;
    this.#end(entry, { row: { ...entry.row, fate }, outcome: { status: 'rejected', code, message } });
  }

  #expire(): void {
    const { deadlines, now, protocol } = this.#context;
    let next: number | null = null;
    for (const entry of this.#pending()) {
      const ttlMs = commandDefinition(protocol, entry.row.command.type)?.ttlMs;
      if (ttlMs === undefined || entry.row.maybeSent) continue;
      const at = entry.row.createdAt + ttlMs;
      if (at > now) {
        if (next === null || at < next) next = at;
        continue;
      }
      const fate = {
        state: 'expired',
        at: now,
        error: { code: 'expired', message: `not sent within ${ttlMs} ms` },
      } as const;
      this.#end(entry, { row: { ...entry.row, fate }, outcome: { status: 'expired' } });
    }
    if (next === null) deadlines.clear('ttl');
    else deadlines.set('ttl', next, () => this.pump());
  }

  #put(entry: Entry, requireDurable: boolean, also: readonly StoreOp[] = []): void {
    const { row } = entry;
    const durability = row.priority === 'high' ? 'strict' : 'relaxed';
    this.#keeper.write([{ op: 'put_entry', entry: row }, ...also], durability, (stored) => {
      if (stored && entry.stored !== 'maybe_sent') entry.stored = row.maybeSent ? 'maybe_sent' : 'unsent';
      if (!stored && requireDurable && isPending(entry) && !entry.row.maybeSent) {
        this.#entries.delete(row.id);
        this.#host.changed();
        return this.#answer(row.id, storageUnavailable(row.command.type));
      }
      this.#answer(row.id, ok({ durable: stored }));
    });
  }

  #writeFrame(entry: Entry, generation: number): void {
    entry.delivery = { state: 'in_flight', generation, writtenAt: this.#context.now };
    this.#host.write(commandFrame(entry.row));
    if (this.#host.confirms() === 'written') this.#watchWritten(generation, false);
  }

  #watchWritten(generation: number, busy: boolean): void {
    const { deadlines, now } = this.#context;
    const written = this.#pending().flatMap(({ delivery }) =>
      delivery.state === 'in_flight' ? [delivery.writtenAt] : [],
    );
    if (written.length === 0) return deadlines.clear('written');
    const at = busy ? now + WRITTEN_AFTER_MS : Math.min(...written) + WRITTEN_AFTER_MS;
    deadlines.set('written', Math.max(at, now + 1), () => this.#host.measure(generation));
  }

  /**
   * Ends a command. Told once the store knows it; a store that fails is waited for, lest a row come back after a crash
   * that was called ended. (`told` hears which of the two.) An accepted one is told anyway: the server remembers it.
   */
  #end(entry: Entry, how: Omit<Ending, 'at'>, told: (told: boolean) => void = () => {}): void {
    const { id } = entry.row;
    const ending: Ending = { ...how, at: this.#context.now };
    entry.delivery = { state: 'settled' };
    this.#context.deadlines.clear(retryName(id));
    this.#endings.set(id, ending);
    const durability = entry.row.priority === 'high' ? 'strict' : 'relaxed';
    this.#keeper.write(this.#opsOf(entry), durability, (stored) => {
      const { status } = ending.outcome;
      const tells = stored || entry.stored === 'no' || status === 'accepted' || status === 'written';
      if (tells) this.#applyEnding(id, ending);
      told(tells);
    });
  }

  #applyEnding(id: string, ending: Ending): void {
    if (this.#endings.get(id) !== ending) return;
    this.#endings.delete(id);
    const entry = this.#entries.get(id);
    if (!entry) return;
    const { command } = entry.row;
    this.#outcomes.add({ id, at: ending.at, command, outcome: ending.outcome });
    if (ending.row) entry.row = ending.row;
    else this.#entries.delete(id);
    this.#host.settled({ id, command, outcome: ending.outcome });
    this.#host.changed();
  }

  /** The store says how a command ended that memory took for pending. */
  #forget({ row }: Entry, { id, outcome }: StoredOutcome): void {
    this.#entries.delete(id);
    this.#endings.delete(id);
    this.#answer(id, ok({ durable: true }));
    this.#host.settled({ id, command: row.command, outcome });
  }

  #opsOf(entry: Entry): StoreOp[] {
    const { id, command } = entry.row;
    const ending = this.#endings.get(id);
    if (!ending) return [{ op: 'put_entry', entry: entry.row }];
    return [
      ending.row ? { op: 'put_entry', entry: ending.row } : { op: 'delete_entry', id },
      { op: 'put_outcome', outcome: { id, at: ending.at, command, outcome: ending.outcome } },
      ...this.#outcomes.prune(this.#context.now),
    ];
  }

  #answersTo(id: string): SendAnswer[] {
    const answers = this.#sendAnswers.get(id) ?? [];
    this.#sendAnswers.set(id, answers);
    return answers;
  }

  #answer(id: string, reply: Reply<{ durable: boolean }>): void {
    const answers = this.#sendAnswers.get(id) ?? [];
    this.#sendAnswers.delete(id);
    for (const answer of answers) answer(reply);
  }
}

function retryName(id: string): string {
  return `retry:${id}`;
}

function markedRow(row: StoredEntry, serverTime: number): StoredEntry {
  return { ...row, maybeSent: true, attempt: row.attempt + 1, firstSentAt: row.firstSentAt ?? serverTime };
}

/** Two accounts of one command: whatever either knows to have happened, happened. */
function mergeRows(memory: StoredEntry, stored: StoredEntry): StoredEntry {
  const firsts = [memory.firstSentAt, stored.firstSentAt].filter((at) => at !== null);
  return {
    ...memory,
    seq: stored.seq,
    maybeSent: memory.maybeSent || stored.maybeSent,
    attempt: Math.max(memory.attempt, stored.attempt),
    firstSentAt: firsts.length > 0 ? Math.min(...firsts) : null,
  };
}

function commandFrame({
  id,
  topic,
  priority,
  createdAt,
  attempt,
  appVersion,
  command,
}: StoredEntry): ClientFrameOf['command'] {
  const frame = {
    type: 'command',
    id,
    priority,
    created_at: createdAt,
    attempt,
    app_version: appVersion,
    command,
  } as const;
  return topic === null ? frame : { ...frame, topic };
}

function ok<T>(value: T): Reply<T> {
  return { ok: true, value };
}

function refusal(code: ErrorCode, message: string): Reply<never> {
  return { ok: false, code, message };
}

function storageUnavailable(type: string): Reply<never> {
  return refusal(
    'storage_unavailable',
    `the browser's storage fails, and ${type} cannot be changed safely without it; try again`,
  );
}
