/** Follows one topic of one socket, and judges that what comes is in order and complete. */
import type { ClientFrameOf, ServerFrameOf, SnapshotItem } from '../../protocol/frames/index.ts';
import type { Find } from './table.ts';

type Request = ClientFrameOf['subscribe'] | ClientFrameOf['resync_request'];
type State =
  /** Events are of an earlier subscription, or late: nothing to say about them. */
  | { readonly state: 'off' }
  | { readonly state: 'asked'; readonly request: Request }
  | {
      readonly state: 'snapshot';
      readonly subscribed: ServerFrameOf['subscribed'];
      readonly parts: number;
      readonly events: number;
      readonly missed: number;
      readonly keys: ReadonlySet<string>;
    }
  /** `ts` is `null` where the client began at a cursor. */
  | { readonly state: 'live'; readonly offset: number; readonly ts: number | null };

export class TopicFollower {
  readonly #find: Find;
  #state: State = { state: 'off' };
  #epoch = '';

  constructor(find: Find) {
    this.#find = find;
  }

  asked(request: Request): void {
    this.#state = { state: 'asked', request };
  }

  stopped(): void {
    this.#state = { state: 'off' };
  }

  error({ ended, ref }: ServerFrameOf['error']): void {
    const isAnswer = this.#state.state === 'asked' && this.#state.request.ref === ref;
    if (ended || isAnswer) this.stopped();
  }

  subscribed(frame: ServerFrameOf['subscribed']): void {
    if (frame.ref === 0) {
      if (this.#state.state === 'live' && !frame.recovered) this.#beginSnapshot(frame);
      return;
    }
    if (this.#state.state !== 'asked') {
      if (this.#state.state === 'off') return;
      this.#find('topics/answers', `a second \`subscribed\` for request ${frame.ref} of ${frame.topic}`);
      return;
    }
    const { request } = this.#state;
    // Of an earlier one, which this one has replaced.
    if (frame.ref < request.ref) return;
    this.#find(
      'topics/answers',
      frame.ref === request.ref ? null : `\`subscribed\` carries ref ${frame.ref}, not ${request.ref}`,
    );
    if (!frame.recovered) {
      this.#beginSnapshot(frame);
      return;
    }
    const isCursors = request.type === 'subscribe' && request.cursor?.epoch === frame.epoch;
    this.#find(
      'topics/answers',
      isCursors ? null : '`recovered: true` without being the answer to a cursor of that epoch',
    );
    const offset = request.cursor?.offset ?? 0;
    this.#find(
      'topics/answers',
      frame.offset >= offset
        ? null
        : `\`recovered: true\` at offset ${frame.offset}, below the cursor ${offset}`,
    );
    this.#epoch = frame.epoch;
    this.#state = { state: 'live', offset, ts: null };
  }

  snapshot(frame: ServerFrameOf['snapshot']): void {
    const now = this.#state;
    // Of a request that was replaced.
    if (now.state === 'asked' || now.state === 'off') return;
    if (now.state === 'live') {
      this.#find('snapshots/shape', `a part of topic ${frame.topic} without a \`subscribed\` before it`);
      return;
    }
    const { subscribed, parts } = now;
    const { topic, ref, epoch, offset, part, last, events, missed = [] } = frame;
    if (ref < subscribed.ref) return;
    const isOne =
      ref === subscribed.ref && epoch === subscribed.epoch && offset === subscribed.offset && part === parts;
    this.#find(
      'snapshots/shape',
      isOne
        ? null
        : `part ${part} of topic ${topic} (ref ${ref}, epoch ${epoch}, offset ${offset}) does not follow ${parts} parts of ref ${subscribed.ref}, epoch ${subscribed.epoch}, offset ${subscribed.offset}`,
    );
    const keys = new Set(now.keys);
    this.#find('snapshots/state', whyNoState(events, now.events, offset, keys));
    this.#find('snapshots/state', whyNotInOrder(missed, now.missed, offset));
    this.#state = last
      ? { state: 'live', offset, ts: offset === 0 ? null : frame.ts }
      : {
          state: 'snapshot',
          subscribed,
          parts: parts + 1,
          events: events.at(-1)?.offset ?? now.events,
          missed: missed.at(-1)?.offset ?? now.missed,
          keys,
        };
  }

  event(event: ServerFrameOf['event']): void {
    const now = this.#state;
    if (now.state === 'off' || now.state === 'asked') return;
    const { topic, offset, ts, prev = offset - 1 } = event;
    this.#find(
      'topics/nothing-between',
      now.state === 'live'
        ? null
        : `event ${offset} of topic ${topic} came before the last part of its snapshot`,
    );
    if (now.state === 'snapshot') return;
    if (event.redelivery) {
      const isKnown = offset <= now.offset;
      this.#find(
        'criticals/redelivery',
        !event.ack
          ? `the repeat of event ${offset} lacks \`ack\``
          : isKnown
            ? null
            : `event ${offset} of topic ${topic} comes as a repeat before it came in its turn (at ${now.offset})`,
      );
      return;
    }
    const isNext = offset > now.offset && prev === now.offset;
    this.#find(
      'topics/no-hole',
      isNext
        ? null
        : `event ${offset} of topic ${topic} (\`prev\` ${prev}) follows ${now.offset} in epoch ${this.#epoch}`,
    );
    this.#find(
      'topics/ts',
      now.ts === null || ts >= now.ts
        ? null
        : `event ${offset} of topic ${topic} is of ${ts}, before ${now.ts}`,
    );
    this.#state = { state: 'live', offset: Math.max(offset, now.offset), ts };
  }

  #beginSnapshot(subscribed: ServerFrameOf['subscribed']): void {
    this.#epoch = subscribed.epoch;
    this.#state = { state: 'snapshot', subscribed, parts: 0, events: 0, missed: 0, keys: new Set() };
  }
}

function whyNoState(
  items: readonly SnapshotItem[],
  after: number,
  newest: number,
  keys: Set<string>,
): string | null {
  for (const { offset, key, gone } of items) {
    if (gone) return `the state holds a tombstone (offset ${offset})`;
    if (key === undefined) continue;
    if (keys.has(key)) return `the state holds the key ${JSON.stringify(key)} twice`;
    keys.add(key);
  }
  return whyNotInOrder(items, after, newest);
}

function whyNotInOrder(items: readonly SnapshotItem[], after: number, newest: number): string | null {
  let before = after;
  for (const { offset } of items) {
    if (offset <= before) return `item ${offset} follows item ${before}`;
    if (offset > newest) return `item ${offset} is beyond the snapshot's offset ${newest}`;
    before = offset;
  }
  return null;
}
