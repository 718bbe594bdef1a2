/** Which frames are kept, and what of them an inspector is told. */
import { type Answer, type Ask, KEPT_FRAMES, type RecordedFrame } from '../frames/channel.ts';
import { readMessage, withoutToken } from './read-message.ts';
import { readPlainMessage } from './read-plain-message.ts';

/** Of their payloads so much; of older frames the payload goes first. UTF-16 code units. */
const KEPT_PAYLOADS = 1_048_576;

/** One WebSocket, as far as its frames say whose it is. */
interface Heard {
  readonly number: number;
  clientId: string | null;
  session: string | null;
  token: string | null;
}
type Kept = Omit<RecordedFrame, 'socket' | 'payload'> & { readonly heard: Heard; payload: string | null };

/** What happens on one socket. */
export interface SocketRecorder {
  message(direction: 'in' | 'out', data: unknown): void;
  opened(): void;
  closed(code: number, reason: string): void;
}

export class FrameRecorder {
  readonly #id: string;
  readonly #now: () => number;
  readonly #kept: Kept[] = [];
  /** The client ids by which sessions were welcomed: an identity has one, whatever its connections. */
  readonly #clients = new Map<string, string | null>();
  #payloads = 0;
  #n = 0;
  #sockets = 0;

  constructor(id: string, now: () => number) {
    this.#id = id;
    this.#now = now;
  }

  /**
   * @param origin of its address: a path or query may hold secrets
   * @param isPlain it speaks something else than `trunkline.v1`
   */
  socket(origin: string, isPlain: boolean): SocketRecorder {
    const heard: Heard = { number: ++this.#sockets, clientId: null, session: null, token: null };
    const happened = (type: string, about: string) =>
      this.#keep(heard, 'socket', { type, about: withoutToken(about, heard.token), size: 0, payload: null });
    happened('connect', origin);
    return {
      message: (direction, data) => {
        if (isPlain) return this.#keep(heard, direction, readPlainMessage(direction, data));
        const { said, clientId, session, token } = readMessage(data, heard.token);
        if (direction === 'out') {
          heard.token = token ?? heard.token;
          heard.clientId = clientId ?? heard.clientId;
        } else if (session !== undefined) this.#welcomed(heard, session);
        for (const frame of said) this.#keep(heard, direction, frame);
      },
      opened: () => happened('open', origin),
      closed: (code, reason) => {
        // A plain server may say back what nobody here knows for a token.
        happened('closed', isPlain || !reason ? `${code}` : `${code} ${reason}`);
        heard.token = null;
      },
    };
  }

  /**
   * What is new since `have`, of sockets whose client one of these sessions was welcomed by; and of those that nobody has welcomed,
   * on which nothing was said of anybody.
   */
  answer({ ask, have, sessions, withPayloads }: Ask): Answer {
    const after = have[this.#id] ?? 0;
    const clients = new Set(sessions.flatMap((session) => this.#clients.get(session) ?? []));
    const isTheirs = ({ session, clientId }: Heard) =>
      session === null || sessions.includes(session) || (clientId !== null && clients.has(clientId));
    const frames = this.#kept
      .filter(({ n, heard }) => n > after && isTheirs(heard))
      .map(({ heard, payload, ...frame }) => ({
        ...frame,
        socket: heard.number,
        ...(withPayloads && { payload }),
      }));
    return { answer: ask, recorder: this.#id, frames };
  }

  #welcomed(heard: Heard, session: string): void {
    heard.session = session;
    this.#clients.set(session, heard.clientId);
    for (const oldest of this.#clients.keys()) {
      if (this.#clients.size <= KEPT_FRAMES) break;
      this.#clients.delete(oldest);
    }
  }

  #keep(
    heard: Heard,
    direction: RecordedFrame['direction'],
    frame: Pick<Kept, 'type' | 'about' | 'size' | 'payload'>,
  ): void {
    this.#kept.push({ ...frame, n: ++this.#n, at: this.#now(), direction, heard });
    this.#payloads += frame.payload?.length ?? 0;
    if (this.#kept.length > KEPT_FRAMES) this.#forget(this.#kept.shift());
    for (const oldest of this.#kept) {
      if (this.#payloads <= KEPT_PAYLOADS) break;
      this.#forget(oldest);
    }
  }

  #forget(kept: Kept | undefined): void {
    this.#payloads -= kept?.payload?.length ?? 0;
    if (kept) kept.payload = null;
  }
}
