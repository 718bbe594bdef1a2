import type { ServerFrame } from '../../src/protocol/frames/index.ts';
import type { Wire } from '../../testing/fakes/network.ts';
import { chance } from './random.ts';

type Snapshot = ServerFrame & { type: 'snapshot' };

/** What a server may do on its own, and this one does not: frames are lost, repeated, cut in parts and mixed. */
export class WireFaults {
  /** The next event that is not critical is lost, as by a server that has a hole. */
  loses = false;
  /** Of the next snapshot a part is held back until the snapshot that follows. */
  delays = false;
  /** Snapshots come in so many parts, as far as they can be cut. */
  parts = 1;
  /** The part that is still to come. */
  readonly #late = new WeakMap<Wire, Snapshot>();

  end(): void {
    this.loses = false;
    this.delays = false;
    this.parts = 1;
  }

  readonly tamper = (wire: Wire, text: string): string => {
    const frames = ([JSON.parse(text)].flat() as ServerFrame[]).flatMap((frame) =>
      frame.type === 'snapshot' && frame.last ? this.#inParts(wire, frame) : [frame],
    );
    // It repeats critical events ahead of their time.
    const later = frames.findLast((frame) => frame.type === 'event' && frame.ack && !frame.redelivery);
    if (later?.type === 'event' && frames.length > 1 && chance(later.offset, frames.length) < 0.5) {
      frames.unshift({ ...later, redelivery: true });
    }
    const lost = this.loses ? frames.findIndex((frame) => frame.type === 'event' && !frame.ack) : -1;
    if (lost === -1) return JSON.stringify(frames);
    this.loses = false;
    frames.splice(lost, 1);
    return JSON.stringify(frames);
  };

  #inParts(wire: Wire, frame: Snapshot): ServerFrame[] {
    const late = this.#late.get(wire);
    // One that was not asked for has no number by which its parts are known: no server mixes those.
    if (frame.ref === 0 || (late ? late.topic !== frame.topic : !this.delays)) return cut(frame, this.parts);
    const [first, second] = cut(frame, 2);
    if (!first || !second) return [frame];
    this.delays = false;
    this.#late.delete(wire);
    if (late) return [first, late, second];
    this.#late.set(wire, second);
    return [first];
  }
}

/** Events first, then what was missed: each part as long as the others. A snapshot of several parts stays as it came. */
function cut(frame: Snapshot, parts: number): Snapshot[] {
  if (parts < 2 || frame.part > 0) return [frame];
  const missed = frame.missed ?? [];
  const size = Math.ceil((frame.events.length + missed.length) / parts);
  return Array.from({ length: parts }, (_, part) => {
    const [from, to] = [part * size, (part + 1) * size];
    const behind = frame.events.length;
    return {
      ...frame,
      part,
      last: part === parts - 1,
      events: frame.events.slice(from, to),
      ...(frame.missed && { missed: missed.slice(Math.max(0, from - behind), Math.max(0, to - behind)) }),
    };
  });
}
