import type { ListenOptions, Topic } from '../../src/index.ts';
import type { SimProtocol } from './protocol.ts';
import { chance } from './random.ts';

/** What one listener was given. */
export interface Seen {
  readonly offset: number;
  /** The server's clock: with it an offset is known from the same one of another epoch. */
  readonly ts: number;
  readonly critical: boolean;
  readonly replayed: boolean;
  readonly took: boolean;
}

/** Fails now and then on a critical event. */
const TAKES = 0.8;
const PATIENCE = 2;

/** One listener of a page to all events of a topic, and all that it was given. */
export class Listener {
  readonly replay: NonNullable<ListenOptions['replay']>;
  readonly seen: Seen[] = [];
  /** The newest event of each node that it knows of, as somebody without `latest` would keep it. */
  readonly nodes = new Map<string, unknown>();

  constructor(tab: number, topic: Topic<SimProtocol>, replay: Listener['replay']) {
    this.replay = replay;
    const tries = new Map<number, number>();
    topic.on(
      ['node', 'line', 'gate', 'alarm', 'ran'],
      (event, { offset, ts, critical, replayed }) => {
        const tried = (tries.get(offset) ?? 0) + 1;
        tries.set(offset, tried);
        const took = !critical || tried > PATIENCE || chance(tab, offset, tried, replay.length) < TAKES;
        this.seen.push({ offset, ts, critical, replayed, took });
        if (event.type === 'node') {
          if (event.state === 'gone') this.nodes.delete(event.id);
          else this.nodes.set(event.id, event);
        }
        if (!took) throw new Error('not now');
      },
      { replay },
    );
  }
}
