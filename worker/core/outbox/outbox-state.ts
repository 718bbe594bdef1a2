/** What the parts of an outbox share: one state, and which part may change which piece of it. */
import type { ClientFrameOf, ServerFrameOf } from '../../../src/protocol/frames/index.ts';
import type { Outcome } from '../../../src/protocol/model.ts';
import { AwaitedAnswers } from '../awaited-answers.ts';
import type { Context } from '../context.ts';
import type { Respond } from '../reply.ts';
import type { StoredEntry, StoredOutcome } from '../store.ts';
import type { StoreWriter } from '../store-writer.ts';
import { EndedCommands } from './ended-commands.ts';
import { type Entry, isPending } from './entry.ts';

export interface OutboxState {
  readonly context: Context;
  readonly writer: StoreWriter;
  readonly host: OutboxHost;
  /** By id. Sends and the merge add to it; endings, dismissals and what was never taken leave it. */
  readonly entries: Map<string, Entry>;
  /** By id: ended, and the store does not know it yet. The endings' own. */
  readonly endings: Map<string, Ending>;
  /** How commands ended. The endings add to it, and a retry takes its command out. */
  readonly outcomes: EndedCommands;
  /** By id: who sent or retried a command whose row is on its way to the store. The answers' own. */
  readonly sendAnswers: AwaitedAnswers<{ durable: boolean }>;
  /** By id: who waits to hear what a cancel came to. */
  readonly cancelAnswers: AwaitedAnswers<boolean>;
  /** By id: who waits to hear that an entry is gone from the store. */
  readonly dismissAnswers: AwaitedAnswers<null>;
  /** The place in the queue that was given last. */
  seq: number;
}

export type RespondToSend = Respond<{ durable: boolean }>;

export interface Ending {
  at: number;
  /** Of all endings. */
  n: number;
  /** The row as it stays visible; `null` where it goes. */
  row: StoredEntry | null;
  outcome: Outcome;
}

/** What the outbox needs of the connection, and tells the tabs. */
export interface OutboxHost {
  /** The connection, while commands may leave on it. */
  writable(): Writable | null;
  /** What ends a command in the dialect spoken. */
  confirms(): 'ack' | 'written';
  write(frame: ClientFrameOf['command' | 'withdraw']): void;
  measure(generation: number): void;
  /** Asks the line whether it lives. */
  probe(): void;
  /** Whether the page that sent it has heard that it was taken, and offers it to no other hub. */
  isHeard(id: string): boolean;
  /** The outbox looks different. */
  changed(): void;
  settled(settled: StoredOutcome): void;
}

export interface Writable {
  generation: number;
  /** By the server's clock, as of the `welcome`. */
  serverTime: number;
  /** When that came, by the hub's uptime. */
  openedAt: number;
  /** Of what was sent before, the server may remember nothing. */
  dedupeSince: number;
  maxFrameBytes: number;
  /** Those of the server that its memory knows, the present one last; absent where it does not say. */
  runs?: ServerFrameOf['welcome']['runs'];
  /** What the server keeps to beyond the first version of the protocol. */
  capabilities: readonly string[];
}

export function emptyOutbox(context: Context, writer: StoreWriter, host: OutboxHost): OutboxState {
  return {
    context,
    writer,
    host,
    entries: new Map(),
    endings: new Map(),
    outcomes: new EndedCommands(),
    sendAnswers: new AwaitedAnswers(context, 'send'),
    cancelAnswers: new AwaitedAnswers(context, 'cancel'),
    dismissAnswers: new AwaitedAnswers(context, 'dismiss'),
    seq: 0,
  };
}

export function pendingIn({ entries }: OutboxState): Entry[] {
  return [...entries.values()].filter((entry) => isPending(entry));
}
