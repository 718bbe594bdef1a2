/**
 * Every reason for which a connection is `closed`, as pages are told. Which one a server's code leads to is in `goodbye-codes.ts`;
 * docs/architecture.md says what goes with another one.
 */
export type ClosedReason =
  /** Nobody needs it: no subscriber, nothing pending. */
  | 'idle'
  /** The socket was lost, or could not be opened, or no tab could give a token for now: `detail.message` says what. */
  | 'network'
  /** No `welcome` within `connectTimeoutMs`. */
  | 'timeout'
  /** Nothing came back within `pongTimeoutMs` of a ping, or `probeTimeoutMs` of one that somebody needed the answer to. */
  | 'heartbeat'
  /** The server ended it. */
  | 'server'
  /** The server refused the token, also a fresh one, or that there was none. */
  | 'unauthorized'
  /** The server takes this browser for another person than the outbox belongs to. */
  | 'identity_mismatch'
  | 'signed_out'
  /** A newer connection, or a newer hub, took over. */
  | 'superseded'
  /** The worker died; a new one is being started. */
  | 'hub_lost'
  /** The worker cannot be started, which is tried again after 30 s: `detail.message` says why, and what helps. */
  | 'hub_unavailable';
