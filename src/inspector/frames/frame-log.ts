/** The frames that recorders have told this page of. */
import { type Answer, type Ask, frameChannel, isAnswer, KEPT_FRAMES, type RecordedFrame } from './channel.ts';

/** A frame under a key that no other one has. */
export type LoggedFrame = RecordedFrame & { readonly key: string };

export class FrameLog {
  readonly #channel: BroadcastChannel;
  readonly #me = Math.random().toString(36).slice(2);
  readonly #have = new Map<string, number>();
  readonly #told: () => void;
  #withPayloads = false;
  #session: string | undefined;
  /** By time, the oldest first. */
  frames: readonly LoggedFrame[] = [];
  /** Some recorder has answered. */
  isHeard = false;

  /** @param told is called when frames came, and when the first recorder answers */
  constructor(app: string, told: () => void) {
    this.#told = told;
    this.#channel = new BroadcastChannel(frameChannel(app));
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isAnswer(data) && data.answer === this.#me) this.#take(data);
    };
  }

  /**
   * Asks all recorders of the origin for what is new. With payloads, or without any more, it begins anew; and with another session,
   * by which recorders may know of earlier connections that they are this client's, too.
   *
   * @param sessions the newest last
   */
  ask(sessions: readonly string[], withPayloads: boolean): void {
    if (withPayloads !== this.#withPayloads) {
      this.#withPayloads = withPayloads;
      this.#have.clear();
      this.frames = this.frames.map(({ payload: _, ...frame }) => frame);
    }
    const session = sessions.at(-1);
    if (session !== this.#session) this.#have.clear();
    this.#session = session;
    const have = Object.fromEntries(this.#have);
    this.#channel.postMessage({ ask: this.#me, have, sessions, withPayloads } satisfies Ask);
  }

  close(): void {
    this.#channel.close();
  }

  #take({ recorder, frames }: Answer): void {
    const isFirst = !this.isHeard;
    this.isHeard = true;
    if (frames.length === 0 && !isFirst) return;
    const known = new Map(this.frames.map((frame) => [frame.key, frame]));
    for (const { payload, ...frame } of frames) {
      const key = `${recorder} ${frame.n}`;
      // What was asked for before payloads were hidden again comes late.
      known.set(key, { ...frame, key, ...(this.#withPayloads && payload !== undefined && { payload }) });
      this.#have.set(recorder, Math.max(frame.n, this.#have.get(recorder) ?? 0));
    }
    this.frames = [...known.values()].sort((a, b) => a.at - b.at || a.n - b.n).slice(-KEPT_FRAMES);
    this.#told();
  }
}
