/** What a server counts. */
import type { GoodbyeCode } from '../../protocol/goodbye-codes.ts';

/**
 * Whether a server should be sent clients. `opening`: its log is not open yet, and clients wait. `behind`: it refuses commands for
 * now, since others know more of the log; who is connected goes on reading. `diverged`: what it knows of the log is not what others
 * know, and it has to be started anew.
 */
export type Health = 'opening' | 'ready' | 'behind' | 'draining' | 'diverged';

/** What a server did since it was created; `connections`, `subscriptions`, `topics` and `commands.inProgress` are as of now. */
export interface ServerStats {
  /** As of now. */
  health: Health;
  /** Sockets that are welcomed and open. */
  connections: number;
  /** Welcomed so far. */
  connectionsOpened: number;
  /** Sockets so far, welcomed or not. */
  socketsOpened: number;
  /** Sockets that are not welcomed yet, as of now. */
  handshakes: number;
  /**
   * Requests for a WebSocket that were refused: wrong origin, path, method or subprotocol, without the header `Upgrade`, or the
   * server going down.
   */
  upgradesRefused: number;
  /** Of all connections: one for each topic of each. */
  subscriptions: number;
  /** With at least one subscription. */
  topics: number;
  /** WebSocket messages, the frames in them, and their bytes of text. */
  messagesIn: number;
  messagesOut: number;
  framesIn: number;
  framesOut: number;
  bytesIn: number;
  bytesOut: number;
  /** Frames of a type that this version does not know: ignored. */
  unknownFrames: number;
  /** Frames that ended their connection. */
  malformedFrames: number;
  /** Messages beyond `limits.maxFrameBytes`, which ended their connection. */
  oversizedMessages: number;
  /** Subscriptions, requests for state and acknowledgements that were answered with `rate_limited`. */
  rateLimited: number;
  commands: {
    received: number;
    /** Ran, and were recorded. */
    accepted: number;
    /** Repeats of accepted ones, answered with the first one's result. */
    duplicates: number;
    /** Refused for good. */
    rejected: number;
    /** Refused for now. */
    deferred: number;
    /** Times that a `withdraw` found a command cancelled, or cancelled it. */
    withdrawn: number;
    /** Handlers that threw, or took too long. */
    failedAttempts: number;
    inProgress: number;
  };
  eventsPublished: number;
  /** Event frames, redeliveries and replays included, snapshots not. */
  eventsSent: number;
  /** Left out for a client whose limit they exceed. */
  eventsTooLarge: number;
  /** Critical events sent again. */
  redeliveries: number;
  /** Critical events acknowledged, the failed ones included. */
  acknowledged: number;
  snapshots: number;
  /** Subscriptions that went on at their cursor. */
  recoveries: number;
  /** Cut off because nothing was heard from them. */
  silentConnections: number;
  /** Goodbyes said, by code. */
  goodbyes: Partial<Record<GoodbyeCode, number>>;
}

export function noStats(): ServerStats {
  return {
    health: 'opening',
    connections: 0,
    connectionsOpened: 0,
    socketsOpened: 0,
    handshakes: 0,
    upgradesRefused: 0,
    subscriptions: 0,
    topics: 0,
    messagesIn: 0,
    messagesOut: 0,
    framesIn: 0,
    framesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    unknownFrames: 0,
    malformedFrames: 0,
    oversizedMessages: 0,
    rateLimited: 0,
    commands: {
      received: 0,
      accepted: 0,
      duplicates: 0,
      rejected: 0,
      deferred: 0,
      withdrawn: 0,
      failedAttempts: 0,
      inProgress: 0,
    },
    eventsPublished: 0,
    eventsSent: 0,
    eventsTooLarge: 0,
    redeliveries: 0,
    acknowledged: 0,
    snapshots: 0,
    recoveries: 0,
    silentConnections: 0,
    goodbyes: {},
  };
}
