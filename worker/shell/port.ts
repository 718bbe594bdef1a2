/** What a page can call of this worker, and which attachment answers it. */
import { CALLS, type CallMethods, type HubPort, type PortCall } from '../../src/protocol/calls.ts';
import type { Attached, AttachRequest, Reply, TabSink } from '../../src/protocol/port.ts';
import { ok, refusal } from '../core/reply.ts';
import { isAttachRequest, isOfferedAgain, isSound } from './call-shapes.ts';
import type { Attachment, Hubs } from './hubs.ts';
import { HUB_LOST } from './upstream.ts';

const UNREADABLE = 'page and worker are of different builds; reload the page';

/** One page's side of the hub, to be exposed to it by Comlink. A page may attach again and again through the same port. */
export function pagePort(hubs: Hubs): HubPort {
  hubs.connected();
  const page = new Page(hubs);
  const { send, ...methods } = methodsOf((call) => page.call(call));
  return {
    ...methods,
    send: (commands) => Promise.all(commands.map((command) => send(command))),
    attach: (request, sink) => page.attach(request, sink),
    detach: () => page.detach(),
    ping: () => page.ping(),
  };
}

/**
 * Makes a method of each call. Here alone the types of calls and answers are forgotten and found again: both sides have them
 * of the one table.
 */
function methodsOf(ask: (call: PortCall) => Promise<Reply<unknown>>): CallMethods {
  const methods = Object.entries(CALLS).map(([method, { takes }]) => [
    method,
    (...values: readonly unknown[]) =>
      ask(Object.fromEntries([['method', method], ...takes.map((name, index) => [name, values[index]])])),
  ]);
  return Object.fromEntries(methods);
}

/** A page, and what it is attached to. */
class Page {
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
      return refusal('unsupported', `this worker is the hub of ${app}, not of ${request.app}`);
    }
    const { protocol, plain } = this.#hubs;
    const why = request.dialect !== 'trunkline.v1' && plain.refusal(protocol);
    if (why) return refusal('unsupported', why);
    let attachment: Attachment;
    try {
      attachment = await this.#hubs.attach(request, sink);
    } catch (error) {
      return refusal('unsupported', `the hub could not start: ${String(error)}`);
    }
    if (turn !== this.#turn) {
      attachment.hub.leave(attachment);
      return refusal('closed', 'the page has attached again, or left');
    }
    this.#attachment = attachment;
    const { hub, as } = attachment.upstream;
    return ok({ hub, lease: attachment.hub.lease, as });
  }

  async detach(): Promise<Reply<null>> {
    this.#leave();
    return ok(null);
  }

  async ping(): Promise<Reply<null>> {
    return this.#attachment ? ok(null) : HUB_LOST;
  }

  async call(call: PortCall): Promise<Reply<unknown>> {
    if (!this.#attachment) return HUB_LOST;
    if (!isSound(call)) return refusal(isOfferedAgain(call) ? 'unconfirmed' : 'version_mismatch', UNREADABLE);
    const { upstream, id } = this.#attachment;
    return await upstream.call(id, call);
  }

  #leave(): number {
    this.#attachment?.hub.leave(this.#attachment);
    this.#attachment = null;
    return ++this.#turn;
  }
}
