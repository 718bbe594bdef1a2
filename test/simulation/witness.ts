import type { ClientFrame } from '../../src/protocol/frames/index.ts';
import type { Batch, Position } from '../../src/protocol/port.ts';
import type { Wire } from '../../src/testing/fakes/network.ts';
import type { Ledger } from './ledger.ts';
import type { SignOuts } from './sign-outs.ts';
import type { SimTab } from './tab.ts';

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
  readonly #ledger: Ledger;
  readonly #signOuts: SignOuts;
  readonly #tabs: readonly SimTab[];
  readonly #problem: (text: string) => void;

  /** @param tabs all there ever were. */
  constructor(ledger: Ledger, signOuts: SignOuts, tabs: readonly SimTab[], problem: (text: string) => void) {
    this.#ledger = ledger;
    this.#signOuts = signOuts;
    this.#tabs = tabs;
    this.#problem = problem;
  }

  ownerOf(wire: Wire): string | undefined {
    return this.#ownerOf.get(wire);
  }

  readonly heard = (wire: Wire, direction: 'up' | 'down', text: string): void => {
    for (let i = 0; i < text.length; i++) this.trace = (Math.imul(this.trace, 31) + text.charCodeAt(i)) | 0;
    if (direction === 'down') return;
    for (const frame of [JSON.parse(text)].flat() as ClientFrame[]) this.#take(wire, frame);
  };

  credit({ topics = [] }: Batch): void {
    for (const update of topics) {
      if (update.kind === 'status' || (update.kind === 'snapshot' && !update.last)) continue;
      const offsets = update.kind === 'snapshot' ? [update.offset] : update.items.map(({ offset }) => offset);
      this.#reach(update.topic, update.epoch, offsets);
    }
  }

  /** It tells a hub how far it has come, also of what another one gave it and has not heard the credit of. */
  subscribe(topic: string, position: Position | null): void {
    if (position) this.#reach(topic, position.epoch, [position.offset]);
  }

  #reach(topic: string, epoch: string, offsets: readonly number[]): void {
    const name = `${topic} ${epoch}`;
    this.credited.set(name, Math.max(this.credited.get(name) ?? 0, ...offsets));
  }

  #take(wire: Wire, frame: ClientFrame): void {
    if (frame.type === 'hello') this.#ownerOf.set(wire, frame.token?.split(' ')[0] ?? '');
    else if (frame.type === 'command') {
      const account = this.#ledger.of(frame.command);
      if (account) {
        account.isHandedOver = true;
        this.#signOuts.judgeFrame(account);
      }
    } else if (frame.type === 'ack') {
      const { topic, epoch } = frame;
      for (const offset of frame.offsets) this.#judgeAck(topic, epoch, offset);
      for (const { offset } of frame.failed ?? []) this.acknowledged.add(`${topic} ${epoch} ${offset}`);
    }
  }

  /** At the moment of the acknowledgement some page must have taken it. */
  #judgeAck(topic: string, epoch: string, offset: number): void {
    this.acknowledged.add(`${topic} ${epoch} ${offset}`);
    const isTaken = this.#tabs.some(({ listeners }) =>
      listeners
        .get(topic)
        ?.some(({ seen }) => seen.some((event) => event.took && event.critical && event.offset === offset)),
    );
    if (!isTaken)
      this.#problem(`critical event ${offset} of ${topic} was acknowledged, and no page had taken it`);
  }
}
