/** What the logic needs of the world, so that a simulation can give it another one. */

/** The server's end of one WebSocket. No method throws, whatever the state of the socket. */
export interface Peer {
  send(text: string): void;
  /** Bytes that were sent and have not left the process. */
  bufferedBytes(): number;
  /** Begins the closing handshake. */
  close(code: number, reason: string): void;
  /** Ends the socket at once. */
  terminate(): void;
}

/** What the world tells about a peer. */
export interface Inbound {
  /** `null`: a message that is not text. */
  message(text: string | null): void;
  /** Bytes have left the process. */
  drained(): void;
  /** The socket is gone. */
  closed(): void;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once, after that many milliseconds; the answer cancels it. */
  setTimer(delayMs: number, callback: () => void): () => void;
}
