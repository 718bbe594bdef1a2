/** What the logic needs of the world, so that a simulation can give it another one. */

/** The server's end of one WebSocket. No method throws, whatever the state of the socket. */
export interface Peer {
  /** Where it comes from, to tell a crowd from the others; empty where that is unknown. */
  readonly address: string;
  send(text: string): void;
  /** Bytes that were sent and have not left the process. */
  bufferedBytes(): number;
  /** Asks the client, by a ping of the WebSocket, whether it has read what was sent before: `Inbound.reached` answers. */
  mark(): void;
  /** Begins the closing handshake. */
  close(code: number, reason: string): void;
  /** Ends the socket at once. */
  terminate(): void;
}

/** What the world tells about a peer. */
export interface Inbound {
  /** `null`: a message that is not text. */
  message(text: string | null): void;
  /** So many bytes have arrived, before the messages that they are a part of. */
  received(bytes: number): void;
  /** What arrived is no message, or one beyond `limits.maxFrameBytes`: the socket says so, and closes by itself. */
  broken(isTooLarge: boolean): void;
  /** Bytes have left the process. */
  drained(): void;
  /** The client has read what was sent before the newest `mark`. */
  reached(): void;
  /** The socket is gone. */
  closed(): void;
}

export interface Timers {
  /** Calls back once, after that many milliseconds; the answer cancels it. */
  setTimer(delayMs: number, callback: () => void): () => void;
}

export interface Clock extends Timers {
  /** Milliseconds since 1970. Somebody may set it. */
  now(): number;
  /** Milliseconds that have passed since some moment, whatever the clock was set to. */
  readonly elapsed: number;
  /** Lets what has arrived meanwhile be taken first. Where it is missing, nothing arrives by itself. */
  turn?(): Promise<void>;
}
