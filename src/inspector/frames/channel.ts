/**
 * What an inspector and the recorders of frames say to each other, over a channel that all scripts of the origin hear. Recorders speak
 * only when asked. Pages and workers may be of different builds: fields are only ever added, as optional ones.
 */

/** So many of the newest are kept: by a recorder, and by an inspector of all recorders together. */
export const KEPT_FRAMES = 500;

export const frameChannel = (app: string) => `trunkline:inspector:${app}`;

/** One frame, or what became of a socket. */
export interface RecordedFrame {
  /** Grows with each frame of its recorder. */
  readonly n: number;
  /** By the browser's clock, ms since 1970. */
  readonly at: number;
  /** The number of the recorder's socket. */
  readonly socket: number;
  /** `socket`: it was opened or closed. */
  readonly direction: 'in' | 'out' | 'socket';
  readonly type: string;
  /** What the frame says of itself beside its payload: topic, offset, the beginning of an id, a code. */
  readonly about: string;
  /** UTF-16 code units of JSON, or bytes of a binary message. */
  readonly size: number;
  /** The frame as JSON without tokens, perhaps cut. `null`: it was not kept. Absent: it was not asked for. */
  readonly payload?: string | null;
}

/** An inspector asks for what is new. */
export interface Ask {
  /** Who asks; comes back in the answers. */
  readonly ask: string;
  /** The newest `n` that it has of each recorder. */
  readonly have: Readonly<Record<string, number>>;
  /** Connections that its page has been told of, by which a recorder knows whose frames it may tell. */
  readonly sessions: readonly string[];
  readonly withPayloads: boolean;
}

export interface Answer {
  readonly answer: string;
  readonly recorder: string;
  readonly frames: readonly RecordedFrame[];
}

const has = <K extends string>(value: unknown, key: K): value is Record<K, unknown> =>
  typeof value === 'object' && value !== null && key in value;

export const isAsk = (said: unknown): said is Ask =>
  has(said, 'ask') && has(said, 'have') && has(said, 'sessions') && Array.isArray(said.sessions);

export const isAnswer = (said: unknown): said is Answer =>
  has(said, 'answer') && has(said, 'recorder') && has(said, 'frames') && Array.isArray(said.frames);
