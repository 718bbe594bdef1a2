import type { Connection, HubReport } from '../protocol/model.ts';
import type { AnyOutboxEntry, Batch } from '../protocol/port.ts';
import type { AnyProtocol } from '../protocol/types.ts';
import { closed, Link } from './connect.ts';
import { type Report, TrunklineError } from './errors.ts';
import { createLogger, createReport } from './log.ts';
import { OutboxMirror } from './outbox.ts';
import { type Cell, cell } from './readable.ts';
import { Receipts } from './receipts.ts';
import { toCommand } from './send.ts';
import { TopicClient } from './topic.ts';
import type { Client, CreateClientOptions, Logger, SendOptions } from './types.ts';

/**
 * This tab's side of a trunk. Nothing happens before the first `send`, or the first listener to anything: that starts the
 * hub, or joins the one that other tabs have started.
 */
export function createClient<P extends AnyProtocol>(protocol: P, options: CreateClientOptions): Client<P> {
  const client: unknown = new TabClient(protocol, options);
  // Types end here: the hub gives what the protocol's schemas put out, and those are what `P` is inferred from.
  return client as Client<P>;
}

class TabClient {
  readonly connection: Cell<Connection>;
  readonly outbox: OutboxMirror;
  readonly #protocol: AnyProtocol;
  readonly #token: CreateClientOptions['token'];
  readonly #logger: Logger;
  readonly #report: Report;
  readonly #link: Link;
  readonly #receipts: Receipts;
  readonly #topics = new Map<string, TopicClient>();
  #isSigningOut = false;

  constructor(protocol: AnyProtocol, options: CreateClientOptions) {
    this.#protocol = protocol;
    this.#token = options.token;
    this.#logger = createLogger(options.log);
    this.#report = createReport(this.#logger, options.onError);
    this.connection = cell<Connection>(closed('idle'), this.#report, () => this.#link.start());
    this.#receipts = new Receipts(protocol, this.#report);
    this.#link = new Link(protocol, options, this.#logger, {
      attached: () => {
        for (const topic of this.#topics.values()) topic.resume();
        this.#receipts.resume(this.#link);
      },
      lost: () => {
        for (const topic of this.#topics.values()) topic.lost();
      },
      received: (batch) => this.#receive(batch),
      connection: (connection) => this.connection.set(connection),
      report: this.#report,
    });
    this.outbox = new OutboxMirror(this.#link, this.#receipts, this.#report);
    // An engine may lack the symbol (https://caniuse.com/mdn-javascript_builtins_symbol_asyncdispose).
    if (Symbol.asyncDispose) Object.assign(this, { [Symbol.asyncDispose]: () => this.close() });
  }

  topic(name: string): TopicClient {
    const topic = this.#topics.get(name) ?? new TopicClient(name, this.#link, this.#report);
    this.#topics.set(name, topic);
    return topic;
  }

  async send(type: string, payload: object = {}, options: SendOptions = {}) {
    this.#link.check();
    const command = toCommand(this.#protocol, type, payload, options);
    return this.#receipts.wait(
      command.id,
      type,
      this.#link.call((hub) => hub.send(command)),
    );
  }

  reconnect(): void {
    this.#link.check();
    // Where there is no hub, `connection` says so.
    this.#link.call((hub) => hub.reconnect()).catch(() => {});
  }

  async signOut({ discard = false }: { discard?: boolean } = {}): Promise<AnyOutboxEntry[]> {
    this.#isSigningOut = true;
    try {
      const entries = await this.#link.call((hub) => hub.signOut(discard));
      this.#signedOut();
      return entries;
    } finally {
      this.#isSigningOut = false;
    }
  }

  inspect(): Promise<HubReport> {
    return this.#link.call((hub) => hub.inspect());
  }

  close(): Promise<void> {
    return this.#link.close('idle', 'This client was closed');
  }

  #receive(batch: Batch): void {
    const { connection, topics = [], tokenRequest, reports = [] } = batch;
    if (connection?.state === 'closed' && connection.reason === 'signed_out') {
      // Our own is known by its answer, which is still to come.
      if (!this.#isSigningOut) this.#signedOut();
    } else if (connection) this.connection.set(connection);
    this.outbox.receive(batch);
    for (const update of topics) this.#topics.get(update.topic)?.update(update);
    this.outbox.settle(batch);
    if (tokenRequest !== undefined) this.#answer(tokenRequest);
    for (const line of reports) {
      if (line.kind === 'log') this.#logger[line.level](`[trunkline hub] ${line.message}`);
      else this.#report(new TrunklineError(line.code, line.message));
    }
  }

  #signedOut(): void {
    this.#link.close('signed_out', `Signed out: create another client to go on`);
  }

  async #answer(request: number): Promise<void> {
    let answer: { token: string | null } | { failed: string };
    try {
      answer = { token: (await this.#token?.()) ?? null };
    } catch (error) {
      answer = { failed: String(error) };
    }
    this.#link.post((hub) => hub.token(request, answer));
  }
}
