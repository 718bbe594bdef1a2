import type { ClientFrameOf } from '../../../src/protocol/frames/index.ts';
import { commandDefinition } from '../../../src/protocol/interpret.ts';
import type { Outcome } from '../../../src/protocol/model.ts';
import type { AnyOutboxEntry, ErrorCode, OutgoingCommand, Reply } from '../../../src/protocol/port.ts';
import { askedWaitMs, backoffMs } from '../connection/backoff.ts';
import type { Context } from '../context.ts';
import type { Keeper } from '../keeper.ts';
import type { StoredEntry, StoredOutcome, StoreOp } from '../store.ts';
import { type Entry, entryView, inOrder, isPending, storedAs } from './entry.ts';
import { Outcomes } from './outcomes.ts';
import { pickNext } from './pick.ts';
import { isOld, restoreEntry } from './restore.ts';
import { utf8Bytes } from './utf8.ts';

/** How long a socket must stay open after a frame, in a dialect without answers. */
const WRITTEN_AFTER_MS = 2_000;

interface Writable {
  generation: number;
  /** By the server's clock, as of the `welcome`. */
  serverTime: number;
  /** Of what was sent before, the server may remember nothing. */
  dedupeSince: number;
  maxFrameBytes: number;
}

/** What the outbox needs of the connection, and tells the tabs. */
export interface OutboxHost {
  /** The connection, while commands may leave on it. */
  writable(): Writable | null;
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
  /** Whoever asked for it. False: it could not be stored, and is undone. */
  told: ((told: boolean) => void)[];
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
    const ops: StoreOp[] = [];
    this.#queueBehind(inStore);
    for (const entry of this.#entries.values()) {
      const row = inStore.get(entry.row.id);
      entry.stored = row ? storedAs(row) : 'no';
      if (row) entry.row = mergeRows(entry.row, row);
      const settled = settledInStore.get(entry.row.id);
      if (!settled || !isPending(entry)) continue;
      if (!row) this.#forget(entry, settled);
      else {
        // It was retried since.
        settledInStore.delete(row.id);
        ops.push({ op: 'delete_outcome', id: row.id });
      }
    }
    for (const row of inStore.values()) {
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
        stored: storedAs(row),
        delivery: { state: 'ready' },
      });
    }
    for (const outcome of this.#outcomes.all)
      if (!settledInStore.has(outcome.id)) ops.push({ op: 'put_outcome', outcome });
    this.#outcomes.load([...settledInStore.values()]);
    const written = [...this.#entries.values()].filter((entry) => inStore.get(entry.row.id) !== entry.row);
    for (const entry of written) ops.push(...this.#opsOf(entry));
    const endings = [...this.#endings];
    this.#host.changed();
    return {
      ops,
      stored: (done) => {
        if (!done) return;
        for (const entry of written) entry.stored = storedAs(entry.row);
        for (const [id, ending] of endings) this.#applyEnding(id, ending);
        this.pump();
      },
    };
  }

  /** What was taken without a look at the store comes after all that it holds. */
  #queueBehind(inStore: ReadonlyMap<string, StoredEntry>): void {
    let last = 0;
    for (const { seq } of inStore.values()) last = Math.max(last, seq);
    for (const entry of [...this.#entries.values()].sort((a, b) => a.row.seq - b.row.seq)) {
      if (inStore.has(entry.row.id)) continue;
      last = Math.max(last + 1, entry.row.seq);
      if (last !== entry.row.seq) entry.row = { ...entry.row, seq: last };
    }
    this.#seq = Math.max(this.#seq, last);
  }

  send(command: OutgoingCommand, answer: SendAnswer): void {
    const { id } = command;
    const known = this.#entries.get(id);
    const waiting = this.#sendAnswers.get(id);
    if (known && waiting) return void waiting.push(answer);
    if (known || this.#outcomes.get(id)) return answer(ok({ durable: known?.stored !== 'no' }));

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
      id,
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
    const entry: Entry = { row, stored: 'no', delivery: { state: requireDurable ? 'storing' : 'ready' } };
    this.#entries.set(id, entry);
    this.#answersTo(id).push(answer);
    const writable = this.#host.writable();
    const goesNow = writable !== null && this.#isNext(entry) && bytesOf(entry) <= writable.maxFrameBytes;
    if (goesNow) entry.row = markedRow(row, writable.serverTime);
    this.#put(entry, requireDurable);
    if (goesNow) this.#writeFrame(entry, writable.generation);
    this.#host.changed();
    this.pump();
  }

  cancel(id: string, answer: Answer<boolean>): void {
    const entry = this.#entries.get(id);
    if (!entry || !isPending(entry) || entry.row.maybeSent) return answer(ok(false));
    const told = (told: boolean) => answer(told ? ok(true) : storageUnavailable(entry.row.command.type));
    const ending = this.#endings.get(id);
    if (ending) return void ending.told.push(told);
    this.#end(entry, { row: null, outcome: { status: 'cancelled' } }, told);
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
    // What the server refused did not run; of what it never answered nobody knows.
    const mayHaveRun = row.fate.state === 'uncertain' || row.fate.state === 'quarantined';
    if (entry.stored !== 'no') entry.stored = storedAs(row);
    entry.row = { ...fresh, seq: ++this.#seq, maybeSent: row.maybeSent && mayHaveRun };
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
    // Gone at once, so that nobody retries what is about to be forgotten.
    this.#entries.delete(id);
    this.#host.changed();
    this.#keeper.write([{ op: 'delete_entry', id }], 'relaxed', (stored) => {
      if (stored || entry.stored === 'no') return answer(ok(null));
      this.#entries.set(id, entry);
      this.#host.changed();
      answer(storageUnavailable(entry.row.command.type));
    });
  }

  settled(id: string): Outcome | null {
    return this.#outcomes.get(id)?.outcome ?? null;
  }

  /** Empties the outbox; `done` when the store has. */
  discard(done: (stored: boolean) => void): void {
    const ops = [...this.#entries.keys()].map((id): StoreOp => ({ op: 'delete_entry', id }));
    this.#keeper.write(ops, 'strict', (stored) => {
      if (stored) this.#entries.clear();
      this.#host.changed();
      done(stored);
    });
  }

  disconnected(): void {
    this.#context.deadlines.clear('written');
    for (const entry of this.#pending()) {
      if (entry.delivery.state === 'in_flight') entry.delivery = { state: 'ready' };
    }
  }

  acked({ id, duplicate, result }: { id: string; duplicate?: true | undefined; result?: unknown }): void {
    const entry = this.#entries.get(id);
    if (!entry || !isPending(entry)) return;
    this.#answer(id, ok({ durable: true }));
    this.#end(entry, { row: null, outcome: { status: 'accepted', duplicate: duplicate ?? false, result } });
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
    const { uptime } = this.#context;
    for (const entry of this.#pending()) {
      const { delivery } = entry;
      if (
        delivery.state !== 'in_flight' ||
        bufferedBytes > 0 ||
        delivery.writtenAt + WRITTEN_AFTER_MS > uptime
      )
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
    this.#leaveUncertain(writable.dedupeSince);
    const picked = pickNext(this.#candidates(), this.#context.settings.inFlightLimit);
    const tooLarge = picked.filter((entry) => bytesOf(entry) > writable.maxFrameBytes);
    for (const entry of tooLarge) {
      const message = `${bytesOf(entry)} bytes; the server takes at most ${writable.maxFrameBytes}`;
      this.#reject(entry, 'too_large', message);
    }
    // Others may go in their place.
    if (tooLarge.length > 0) return this.pump();
    if (picked.length > 0) this.#dispatch(picked, writable);
  }

  /** Hands them to the socket as soon as their rows say so; at once where there is no store to say it. */
  #dispatch(picked: readonly Entry[], { generation, serverTime }: Writable): void {
    const unmarked = new Map(picked.map((entry) => [entry, entry.row]));
    for (const entry of picked) {
      entry.row = markedRow(entry.row, serverTime);
      entry.delivery = { state: 'marking' };
    }
    if (this.#keeper.degraded) {
      for (const entry of picked) this.#writeFrame(entry, generation);
      this.#host.changed();
      return this.pump();
    }
    const ops = picked.map(({ row: entry }): StoreOp => ({ op: 'put_entry', entry }));
    const durability = picked.some(({ row }) => row.priority === 'high') ? 'strict' : 'relaxed';
    this.#keeper.write(ops, durability, (stored) => {
      const isOpen = this.#host.writable()?.generation === generation;
      for (const [entry, row] of unmarked) {
        if (stored) entry.stored = 'maybe_sent';
        if (entry.delivery.state !== 'marking') continue;
        if (isOpen && entry.stored !== 'unsent') this.#writeFrame(entry, generation);
        else {
          // It never left, whatever its stored row now says to be safe.
          entry.row = row;
          entry.delivery = { state: 'ready' };
        }
      }
      this.#host.changed();
      this.pump();
    });
  }

  /** What the server may have forgotten may have run: a person decides about it. */
  #leaveUncertain(dedupeSince: number): void {
    for (const entry of this.#pending()) {
      const { maybeSent, firstSentAt } = entry.row;
      const isOut = entry.delivery.state === 'in_flight' || entry.delivery.state === 'marking';
      if (isOut || !maybeSent || firstSentAt === null || firstSentAt >= dedupeSince) continue;
      const row: StoredEntry = { ...entry.row, fate: { state: 'uncertain', at: this.#context.now } };
      this.#end(entry, { row, outcome: { status: 'uncertain' } });
    }
  }

  /** In the order in which they are sent. */
  #candidates(): { entry: Entry; held: boolean }[] {
    const { degraded } = this.#keeper;
    return (
      this.#pending()
        .sort(inOrder)
        // A row that says "never sent" must not be contradicted: it waits for the store.
        .map((entry) => ({ entry, held: degraded && entry.stored === 'unsent' }))
    );
  }

  #pending(): Entry[] {
    return [...this.#entries.values()].filter((entry) => isPending(entry));
  }

  #twin(type: string, dedupeKey: string | null): Entry | undefined {
    if (dedupeKey === null) return undefined;
    return this.#pending().find(({ row }) => row.dedupeKey === dedupeKey && row.command.type === type);
  }

  /** At the limit: refuses, or drops the oldest that was never handed to a socket, as the command's definition says. */
  #makeRoom(priority: 'high' | 'normal', type: string): Reply<never> | null {
    const { settings, protocol, now } = this.#context;
    const limit = priority === 'high' ? settings.highLimit : settings.normalLimit;
    const peers = this.#pending().filter(({ row }) => row.priority === priority);
    if (peers.length < limit) return null;
    const overflow =
      commandDefinition(protocol, type)?.overflow ?? (priority === 'high' ? 'refuse' : 'drop_oldest');
    const isDroppable = ({ row, delivery }: Entry) => !row.maybeSent && delivery.state === 'ready';
    const oldest = overflow === 'refuse' ? undefined : peers.sort(inOrder).find(isDroppable);
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
    const candidates = this.#candidates();
    if (candidates.some(({ entry: { delivery } }) => delivery.state === 'marking')) return false;
    const next = pickNext(candidates, this.#context.settings.inFlightLimit);
    return next.length === 1 && next[0] === entry;
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
      if (ttlMs === undefined || entry.row.maybeSent || entry.delivery.state === 'storing') continue;
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

  /** `also` goes with it. One that must be durable goes on from here, or, as if it had never been, not. */
  #put(entry: Entry, requireDurable: boolean, also: readonly StoreOp[] = []): void {
    const { row } = entry;
    const durability = row.priority === 'high' ? 'strict' : 'relaxed';
    this.#keeper.write([{ op: 'put_entry', entry: row }, ...also], durability, (stored) => {
      if (stored) entry.stored = storedAs(row);
      if (!requireDurable) return this.#answer(row.id, ok({ durable: stored }));
      if (!stored) this.#entries.delete(row.id);
      else if (!this.#endings.has(row.id)) entry.delivery = { state: 'ready' };
      this.#host.changed();
      this.#answer(row.id, stored ? ok({ durable: true }) : storageUnavailable(row.command.type));
      this.pump();
    });
  }

  #writeFrame(entry: Entry, generation: number): void {
    entry.delivery = { state: 'in_flight', generation, writtenAt: this.#context.uptime };
    this.#host.write(commandFrame(entry.row));
    if (this.#host.confirms() === 'written') this.#watchWritten(generation, false);
  }

  #watchWritten(generation: number, busy: boolean): void {
    const { deadlines, now, uptime } = this.#context;
    const written = this.#pending().flatMap(({ delivery }) =>
      delivery.state === 'in_flight' ? [delivery.writtenAt] : [],
    );
    if (written.length === 0) return deadlines.clear('written');
    const waitMs = busy ? WRITTEN_AFTER_MS : Math.min(...written) + WRITTEN_AFTER_MS - uptime;
    deadlines.set('written', now + Math.max(waitMs, 1), () => this.#host.measure(generation));
  }

  /**
   * Ends a command. Told once the store knows it; a store that fails is waited for, lest a row come back after a crash
   * that was called ended. (Only a cancel is undone then.) An accepted one is told anyway: the server remembers it.
   */
  #end(
    entry: Entry,
    { row, outcome }: Pick<Ending, 'row' | 'outcome'>,
    told?: (told: boolean) => void,
  ): void {
    const { id } = entry.row;
    const ending: Ending = { at: this.#context.now, row, outcome, told: told ? [told] : [] };
    const canFail = outcome.status === 'cancelled';
    entry.delivery = { state: canFail ? 'storing' : 'settled' };
    this.#context.deadlines.clear(retryName(id));
    this.#endings.set(id, ending);
    const durability = entry.row.priority === 'high' ? 'strict' : 'relaxed';
    this.#keeper.write(this.#opsOf(entry), durability, (stored) => {
      const { status } = outcome;
      const tells = stored || entry.stored === 'no' || status === 'accepted' || status === 'written';
      if (tells) this.#applyEnding(id, ending);
      else if (canFail) {
        this.#endings.delete(id);
        entry.delivery = { state: 'ready' };
      }
      for (const tell of ending.told) tell(tells);
      if (canFail) this.pump();
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
    this.#context.deadlines.clear(retryName(id));
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
      ...this.#forgetOld(),
    ];
  }

  /** A hub may live for longer than what ended is to be seen. */
  #forgetOld(): StoreOp[] {
    const old = [...this.#entries.values()].filter(({ row }) => isOld(row, this.#context.now));
    for (const { row } of old) this.#entries.delete(row.id);
    return old.map(({ row: { id } }) => ({ op: 'delete_entry', id }));
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

function bytesOf({ row }: Entry): number {
  return utf8Bytes(JSON.stringify(commandFrame(markedRow(row, 0))));
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
