import type { Diagnosis, HubReport, Outcome } from '../../src/protocol/model.ts';
import type {
  AddressAnswer,
  AnyOutboxEntry,
  Attached,
  AttachRequest,
  HubPort,
  OutgoingCommand,
  Position,
  Reply,
  TabSink,
} from '../../src/protocol/port.ts';
import { plainRefusal } from '../core/dialect/plain.ts';
import type { PortCall } from '../core/io.ts';
import { ok, refusal } from '../core/reply.ts';
import { isAttachRequest, isOfferedAgain, isSound } from './calls.ts';
import type { Attachment, Hubs } from './hubs.ts';
import { HUB_LOST } from './upstream.ts';

/** One page's side of the hub, exposed to it by Comlink. A page may attach again and again through the same port. */
export class PagePort implements HubPort {
  readonly #hubs: Hubs;
  #attachment: Attachment | null = null;
  /** Counts attachments and detachments, so that one which was overtaken while it waited is known. */
  #turn = 0;

  constructor(hubs: Hubs) {
    this.#hubs = hubs;
  }

  async attach(request: AttachRequest, sink: TabSink): Promise<Reply<Attached>> {
    const turn = this.#leave();
    const { app } = this.#hubs.protocol;
    if (!isAttachRequest(request)) return refusal('version_mismatch', UNREADABLE);
    if (request.app !== app) {
      return refusal(
        'unsupported',
        `this worker is the hub of ${app}, not of ${request.app}; give each its own`,
      );
    }
    const plain = request.dialect === 'trunkline.v1' ? null : plainRefusal(this.#hubs.protocol);
    if (plain !== null) return refusal('unsupported', plain);
    let attachment: Attachment;
    try {
      attachment = await this.#hubs.attach(request, sink);
    } catch (error) {
      return refusal('unsupported', `the hub could not start: ${String(error)}`);
    }
    if (turn !== this.#turn) {
      attachment.hub.leave(attachment);
      return refusal('closed', 'the page attached again, or detached, in the meantime');
    }
    this.#attachment = attachment;
    return ok({ hub: attachment.upstream.hub, lease: attachment.hub.lease });
  }

  async detach(): Promise<Reply<null>> {
    this.#leave();
    return ok(null);
  }

  subscribe(topic: string, ticket: number, position: Position | null): Promise<Reply<null>> {
    return this.#call({ method: 'subscribe', topic, ticket, position });
  }
  unsubscribe(topic: string): Promise<Reply<null>> {
    return this.#call({ method: 'unsubscribe', topic });
  }
  took(
    topic: string,
    epoch: string,
    taken: readonly number[],
    failed: readonly number[],
    ts?: readonly number[],
  ): Promise<Reply<null>> {
    return this.#call({ method: 'took', topic, epoch, taken, failed, ts });
  }
  send(commands: readonly OutgoingCommand[]): Promise<Reply<{ durable: boolean }>[]> {
    return Promise.all(
      commands.map((command) => this.#call<{ durable: boolean }>({ method: 'send', command })),
    );
  }
  cancel(id: string): Promise<Reply<boolean>> {
    return this.#call({ method: 'cancel', id });
  }
  retry(id: string, askedAt?: number): Promise<Reply<{ durable: boolean }>> {
    return this.#call({ method: 'retry', id, askedAt });
  }
  dismiss(id: string): Promise<Reply<null>> {
    return this.#call({ method: 'dismiss', id });
  }
  settled(id: string): Promise<Reply<Outcome | null>> {
    return this.#call({ method: 'settled', id });
  }
  reconnect(): Promise<Reply<null>> {
    return this.#call({ method: 'reconnect' });
  }
  signOut(discard: boolean, number?: number): Promise<Reply<AnyOutboxEntry[]>> {
    return this.#call({ method: 'signOut', discard, number });
  }
  inspect(): Promise<Reply<HubReport>> {
    return this.#call({ method: 'inspect' });
  }
  signal(signal: 'online' | 'visible' | 'hidden'): Promise<Reply<null>> {
    return this.#call({ method: 'signal', signal });
  }
  async ping(): Promise<Reply<null>> {
    return this.#attachment ? ok(null) : HUB_LOST;
  }
  token(request: number, answer: AddressAnswer): Promise<Reply<null>> {
    return this.#call({ method: 'token', request, answer });
  }
  diagnosed(outage: number, diagnosis: Diagnosis): Promise<Reply<null>> {
    return this.#call({ method: 'diagnosed', outage, diagnosis });
  }

  /** The core answers each method with what the contract says; only here its types are forgotten and found again. */
  async #call<T>(call: PortCall): Promise<Reply<T>> {
    if (!this.#attachment) return HUB_LOST;
    if (!isSound(call)) return refusal(isOfferedAgain(call) ? 'unconfirmed' : 'version_mismatch', UNREADABLE);
    const { upstream, id } = this.#attachment;
    return (await upstream.call(id, call)) as Reply<T>;
  }

  #leave(): number {
    this.#attachment?.hub.leave(this.#attachment);
    this.#attachment = null;
    return ++this.#turn;
  }
}

const UNREADABLE =
  'this call is none that the hub knows: page and worker are of different builds; reload the page';
