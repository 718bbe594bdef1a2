import type {
  ClientFrame,
  ClientFrameOf,
  ServerFrame,
  ServerFrameOf,
} from '../../src/protocol/frames/index.ts';
import type { Batch, Position, TabItem, TopicUpdate } from '../../src/protocol/port.ts';
import type { Wire } from '../../testing/fakes/network.ts';
import type { Account } from './account.ts';
import { Held } from './held.ts';
import type { Ledger } from './ledger.ts';
import type { Debts } from './server/debts.ts';
import type { SignOuts } from './sign-outs.ts';
import type { SimTab } from './tab.ts';

/**
 * Of a topic's present subscription: the timestamps of what came behind its state. What comes with a state may be at offsets
 * that the server has given twice while the line was down: nobody can tell.
 */
interface Brought {
  readonly epoch: string;
  readonly times: Map<number, number>;
}

type Request = ClientFrameOf['subscribe'] | ClientFrameOf['resync_request'];

/** Sees all that crosses the network, and what pages have credited. */
export class Witness {
  /** A hash of all that crossed the network. */
  trace = 0;
  /** "topic epoch offset" of the critical events that the server was told to be taken. */
  readonly acknowledged = new Set<string>();
  /** The newest offset that some page has credited, or told a hub that it has come to, by "topic epoch". */
  readonly credited = new Map<string, number>();
  /** Whose the socket is, by what was said in its `hello`. */
  readonly #ownerOf = new WeakMap<Wire, string>();
  /** By topic: what a socket has brought. */
  readonly #brought = new WeakMap<Wire, Map<string, Brought>>();
  readonly #hellos = new Map<Wire, { readonly client: string; readonly term: number }>();
  /** By the id of a command that has reached the server. */
  readonly #byId = new Map<string, Account>();
  readonly #ledger: Ledger;
  readonly #signOuts: SignOuts;
  readonly #tabs: readonly SimTab[];
  readonly #timesOf: WitnessOptions['timesOf'];
  readonly #problem: (text: string) => void;
  readonly #debts: WitnessOptions['debts'];
  readonly #held: Held;
  /** By topic: what the socket has asked for last. */
  readonly #asked = new WeakMap<Wire, Map<string, Request>>();

  constructor({ ledger, signOuts, tabs, timesOf, debts, problem }: WitnessOptions) {
    this.#ledger = ledger;
    this.#signOuts = signOuts;
    this.#tabs = tabs;
    this.#timesOf = timesOf;
    this.#debts = debts;
    this.#problem = problem;
    this.#held = new Held((topic, epoch, item) => {
      // A restored server has given its offset to another one: the hub has withdrawn it.
      const isReplaced = this.#timesOf(topic, epoch, item.offset).at(-1) !== item.ts;
      return isReplaced || this.#isTaken(topic, item);
    }, problem);
  }

  opened(tab: SimTab): void {
    this.#held.opened(tab);
  }

  ownerOf(wire: Wire): string | undefined {
    return this.#ownerOf.get(wire);
  }

  readonly heard = (wire: Wire, direction: 'up' | 'down', text: string): void => {
    for (let i = 0; i < text.length; i++) this.trace = (Math.imul(this.trace, 31) + text.charCodeAt(i)) | 0;
    if (direction === 'up') for (const frame of framesOf<ClientFrame>(text)) this.#take(wire, frame);
    else for (const frame of framesOf<ServerFrame>(text)) this.#given(wire, frame);
  };

  /** A hub has written it. */
  written(text: string, at: number): void {
    if (!text.includes('"command"')) return;
    for (const frame of framesOf<ClientFrame>(text)) {
      if (frame.type === 'command') this.#ledger.of(frame.command)?.left(at, frame.attempt);
    }
  }

  credit(tab: SimTab, batch: Batch): void {
    const { topics = [] } = batch;
    this.#held.credit(tab, batch);
    for (const update of topics) {
      if (update.kind === 'status' || update.kind === 'saved' || (update.kind === 'snapshot' && !update.last))
        continue;
      this.#judgeGiven(tab, update);
      const offsets = update.kind === 'snapshot' ? [update.offset] : update.items.map(({ offset }) => offset);
      this.#reach(update.topic, update.epoch, offsets);
    }
  }

  /** It tells a hub how far it has come, also of what another one gave it and has not heard the credit of. */
  subscribe(topic: string, position: Position | null): void {
    if (position) this.#reach(topic, position.epoch, [position.offset]);
  }

  /** What is given as an epoch's is of that one. */
  #judgeGiven(tab: SimTab, update: Extract<TopicUpdate, { kind: 'events' | 'snapshot' }>): void {
    const { topic, epoch } = update;
    const items = update.kind === 'events' ? update.items : [...update.events, ...update.missed];
    for (const { offset, ts } of items)
      if (!this.#timesOf(topic, epoch, offset).includes(ts))
        this.#problem(`tab ${tab.number} was given event ${offset} of ${topic}, which is not of ${epoch}`);
  }

  #reach(topic: string, epoch: string, offsets: readonly number[]): void {
    const name = `${topic} ${epoch}`;
    this.credited.set(name, Math.max(this.credited.get(name) ?? 0, ...offsets));
  }

  #take(wire: Wire, frame: ClientFrame): void {
    if (frame.type === 'hello') {
      this.#ownerOf.set(wire, frame.token?.split(' ')[0] ?? '');
      this.#hellos.set(wire, { client: frame.client_id, term: frame.term });
    } else if (frame.type === 'command') {
      const account = this.#ledger.of(frame.command);
      if (account) {
        this.#byId.set(frame.id, account);
        account.handedOver();
        // It must be what the version that it is called of takes.
        if (account.command === 'note' && frame.app_version >= 2 && !('by' in frame.command))
          this.#problem(`command ${account.n} is called of version ${frame.app_version}, and is older`);
        this.#signOuts.judgeFrame(account);
      }
    } else if (frame.type === 'subscribe' || frame.type === 'resync_request') {
      const asked = this.#asked.get(wire) ?? new Map<string, Request>();
      this.#asked.set(wire, asked);
      asked.set(frame.topic, frame);
    } else if (frame.type === 'ack') {
      const { topic, epoch } = frame;
      for (const offset of frame.offsets) this.#judgeAck(wire, { topic, epoch, offset });
      for (const { offset } of frame.failed ?? []) this.acknowledged.add(`${topic} ${epoch} ${offset}`);
    }
  }

  #given(wire: Wire, frame: ServerFrame): void {
    if (frame.type === 'command_nack') {
      this.#byId.get(frame.id)?.denied(!frame.retry, frame.ran === false);
    } else if (frame.type === 'goodbye' && frame.code === 'superseded') this.#judgeSuperseded(wire);
    else if (frame.type === 'subscribed') {
      const { topic, epoch } = frame;
      const topics = this.#brought.get(wire) ?? new Map<string, Brought>();
      this.#brought.set(wire, topics);
      this.#claim(wire, frame, topics.get(topic)?.epoch ?? epoch);
      topics.set(topic, { epoch, times: new Map() });
    } else if (frame.type === 'event' && !frame.redelivery)
      this.#brought.get(wire)?.get(frame.topic)?.times.set(frame.offset, frame.ts);
  }

  /** Whoever is answered owes critical events from there on. @param before the epoch of the last answer */
  #claim(wire: Wire, { topic, ref, epoch, offset }: ServerFrameOf['subscribed'], before: string): void {
    const { client: clientId = '' } = this.#hellos.get(wire) ?? {};
    const whose = { clientId, topic, epoch };
    if (ref === 0) {
      // The topic has ended: all of what it is now is news.
      if (before !== epoch) this.#debts().said(whose, { after: 0 });
      return;
    }
    const asked = this.#asked.get(wire)?.get(topic);
    if (asked?.ref !== ref) return;
    const { cursor } = asked;
    const lastSeen = asked.type === 'subscribe' ? asked.last_seen?.ts : asked.last_seen;
    const debts = this.#debts();
    if (cursor?.epoch === epoch && cursor.offset <= offset) debts.said(whose, { after: cursor.offset });
    else if (cursor?.epoch !== epoch && typeof lastSeen === 'number') debts.said(whose, { since: lastSeen });
    else debts.saidNothing(whose, offset, () => !wire.isOver);
  }

  /** Only by a connection of the same client that is of its term, or a higher one. */
  #judgeSuperseded(wire: Wire): void {
    const own = this.#hellos.get(wire);
    if (!own) return;
    const isRight = [...this.#hellos].some(
      ([other, { client, term }]) => other !== wire && client === own.client && term >= own.term,
    );
    if (!isRight) this.#problem(`a connection of term ${own.term} was superseded by one of a lower term`);
  }

  /** At the moment of the acknowledgement some page must have taken it: what this socket has brought, where it did. */
  #judgeAck(wire: Wire, { topic, epoch, offset }: { topic: string; epoch: string; offset: number }): void {
    const name = `${topic} ${epoch} ${offset}`;
    this.acknowledged.add(name);
    const brought = this.#brought.get(wire)?.get(topic);
    const ts = brought?.epoch === epoch ? brought.times.get(offset) : undefined;
    const times = ts === undefined ? this.#timesOf(topic, epoch, offset) : [ts];
    const isTaken = times.some((ts) => this.#isTaken(topic, { offset, ts }));
    if (!isTaken)
      this.#problem(`critical event ${offset} of ${topic} was acknowledged, and no page had taken it`);
  }

  /** Some page has taken a critical event. */
  #isTaken(topic: string, { offset, ts }: Pick<TabItem, 'offset' | 'ts'>): boolean {
    return this.#tabs.some(({ listeners }) =>
      listeners
        .get(topic)
        ?.some(({ seen }) =>
          seen.some((event) => event.took && event.critical && event.offset === offset && event.ts === ts),
        ),
    );
  }
}

export interface WitnessOptions {
  readonly ledger: Ledger;
  readonly signOuts: SignOuts;
  /** All there ever were. */
  readonly tabs: readonly SimTab[];
  /** The timestamps of what the server has, or had, at a place. */
  timesOf(topic: string, epoch: string, offset: number): number[];
  debts(): Debts;
  problem(text: string): void;
}

function framesOf<F>(text: string): F[] {
  return [JSON.parse(text)].flat();
}
