import type { Batch, TabItem } from '../../src/protocol/port.ts';
import type { SimTab } from './tab.ts';

type Place = Pick<TabItem, 'offset' | 'ts'>;

/**
 * Judges that a page which comes is given, with the state, what its hub holds: the critical events that no page took, and
 * none that the server has lost, so that the state has another one in its place.
 */
export class Held {
  /** Whether nobody has to be given it any more. */
  readonly #isOver: (topic: string, epoch: string, place: Place) => boolean;
  readonly #problem: (text: string) => void;
  /** By "hub topic epoch": the critical events that some page has credited, and how many credits had been by then. */
  readonly #given = new Map<string, (Place & { readonly credits: number; readonly by: Set<SimTab> })[]>();
  #credits = 0;
  /** Of pages that wait for their first state: by topic, what they were given of it so far. */
  readonly #waiting = new Map<
    SimTab,
    { readonly credits: number; hub?: string; readonly topics: Map<string, Set<string> | null> }
  >();

  constructor(
    isOver: (topic: string, epoch: string, place: Place) => boolean,
    problem: (text: string) => void,
  ) {
    this.#isOver = isOver;
    this.#problem = problem;
  }

  opened(tab: SimTab): void {
    this.#waiting.set(tab, { credits: this.#credits, topics: new Map() });
  }

  credit(tab: SimTab, { hub, topics = [] }: Batch): void {
    this.#credits++;
    const waiting = this.#waiting.get(tab);
    if (waiting) waiting.hub ??= hub;
    // Of a hub that follows it is not known when it was asked.
    const isFirst = waiting?.hub === hub;
    const done: { topic: string; epoch: string; offset: number }[] = [];
    /** The timestamps of what the state has, by "topic epoch offset". */
    const stated = new Map<string, number>();
    for (const update of topics) {
      if (update.kind === 'status' || update.kind === 'saved') continue;
      const { topic, epoch } = update;
      const items = update.kind === 'events' ? update.items : [...update.events, ...update.missed];
      const known = waiting?.topics.get(topic);
      const own = known ?? new Set<string>();
      if (waiting && known === undefined) waiting.topics.set(topic, own);
      for (const { critical, offset, ts, repeat } of items) {
        const name = `${topic} ${epoch} ${offset}`;
        if (update.kind === 'snapshot') stated.set(name, ts);
        if (repeat && (stated.get(name) ?? ts) !== ts)
          this.#problem(
            `tab ${tab.number} was given critical event ${offset} of ${topic}, which was withdrawn`,
          );
        if (!critical) continue;
        own.add(nameOf({ offset, ts }));
        // What comes with a state is not held: the server repeats it.
        if (update.kind === 'events') this.#note(`${hub} ${topic} ${epoch}`, { offset, ts }, tab);
      }
      if (isFirst && known !== null && update.kind === 'snapshot' && update.last)
        done.push({ topic, epoch, offset: update.offset });
    }
    if (!waiting) return;
    for (const { topic, epoch, offset } of done) {
      const own = waiting.topics.get(topic);
      waiting.topics.set(topic, null);
      for (const place of this.#given.get(`${hub} ${topic} ${epoch}`) ?? []) {
        const isHeld =
          place.credits <= waiting.credits &&
          [...place.by].some(hasStayed) &&
          place.offset <= offset &&
          !this.#isOver(topic, epoch, place);
        if (isHeld && !own?.has(nameOf(place)))
          this.#problem(
            `tab ${tab.number} came, and was not given critical event ${place.offset} of ${topic}, which is held`,
          );
      }
    }
  }

  #note(name: string, place: Place, tab: SimTab): void {
    const given = this.#given.get(name) ?? [];
    this.#given.set(name, given);
    const known = given.find((one) => nameOf(one) === nameOf(place));
    if (known) known.by.add(tab);
    else given.push({ ...place, credits: this.#credits, by: new Set([tab]) });
  }
}

/** A topic that no page looks at is forgotten after a while. */
const hasStayed = ({ page, isOver, wasCached }: SimTab) => !page.life.isDead && !isOver && !wasCached;

const nameOf = ({ offset, ts }: Place) => `${offset} ${ts}`;
