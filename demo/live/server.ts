/** The reference server in a page: all of its logic, with a line of messages in place of its sockets. */
import { type AnyHandler, definedApplication, handlersByType } from '../../src/server/core/application.ts';
import { Broker } from '../../src/server/core/broker.ts';
import { resolveLimits } from '../../src/server/core/limits.ts';
import type { Clock, Inbound, Peer } from '../../src/server/core/peer.ts';
import type { Handlers } from '../../src/server/handlers.ts';
import { memoryLog } from '../../src/server/log/memory-log.ts';
import { Reject } from '../../src/server/reject.ts';
import { ABNORMAL_CLOSURE, TO_HUB, TO_SERVER, type ToHub, type ToServer } from './line.ts';
import { protocol, STEP, TOPIC } from './protocol.ts';

export interface ServerView {
  readonly state: 'waiting' | 'approved' | 'rejected';
  /** Decisions that were accepted since the question was asked. */
  readonly accepted: number;
  readonly isCut: boolean;
}

export interface LiveServer {
  /** Asks the question, again where it has been answered. */
  ask(): Promise<void>;
  /** Loses every connection, and lets none come to be. */
  cut(): void;
  mend(): void;
  /** The server's process ends; whoever is connected notices at once, as when a process dies. */
  end(): void;
}

const clock: Clock = {
  now: () => Date.now(),
  get elapsed() {
    return performance.now();
  },
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** @param changed called with what there is to show, at once and at each change */
export function startServer(changed: (view: ServerView) => void): LiveServer {
  let view: ServerView = { state: 'waiting', accepted: 0, isCut: false };
  const show = (change: Partial<ServerView>) => {
    view = { ...view, ...change };
    changed(view);
  };
  const commands: Handlers<typeof protocol> = {
    decide({ name, verdict }, { publish, afterCommit }) {
      if (name !== STEP || view.state !== 'waiting')
        throw new Reject('not_waiting', `Nobody asks about ${name} any more.`);
      publish(TOPIC, { type: 'step', name, state: verdict });
      afterCommit(() => show({ state: verdict, accepted: view.accepted + 1 }));
    },
  };
  const broker = new Broker({
    // `Handlers` has checked them; from here on a command's type is its name.
    application: definedApplication(
      protocol,
      handlersByType(commands as unknown as Record<string, AnyHandler>),
    ),
    log: memoryLog(),
    clock,
    limits: resolveLimits(),
    countsConnections: false,
    newSession: () => crypto.randomUUID(),
    acceptsVersion: () => true,
    authorize: async () => true,
    report: (error, about) => console.error(`the server in this page: ${about}:`, error),
  });
  const line = openLine((peer) => broker.connect(peer, async () => 'anonymous'));
  const ask = async () => {
    await broker.publish(TOPIC, { type: 'step', name: STEP, state: 'waiting' });
    show({ state: 'waiting', accepted: 0 });
  };
  show({});
  return {
    ask,
    cut() {
      line.cut();
      show({ isCut: true });
    },
    mend() {
      line.mend();
      show({ isCut: false });
    },
    end() {
      line.end();
      broker.close(0);
    },
  };
}

/** Has every socket of the origin's hubs connect here, for as long as the line is whole. */
function openLine(connect: (peer: Peer) => Inbound): Pick<LiveServer, 'cut' | 'mend' | 'end'> {
  const fromHub = new BroadcastChannel(TO_SERVER);
  const toHub = new BroadcastChannel(TO_HUB);
  const post = (message: ToHub) => toHub.postMessage(message);
  const connections = new Map<string, Inbound>();
  let isCut = false;
  const leave = (socket: string) => {
    const connection = connections.get(socket);
    connections.delete(socket);
    connection?.closed();
  };
  const close = (socket: string, code: number, reason: string) => {
    if (!connections.has(socket)) return;
    post({ type: 'closed', socket, code, reason });
    // As from a socket: not while the server is still at the call that closes it.
    queueMicrotask(() => leave(socket));
  };
  const peerOf = (socket: string): Peer => ({
    address: '',
    send(text) {
      if (connections.has(socket)) post({ type: 'message', socket, text });
    },
    bufferedBytes: () => 0,
    mark: () => queueMicrotask(() => connections.get(socket)?.reached()),
    close: (code, reason) => close(socket, code, reason),
    terminate: () => close(socket, ABNORMAL_CLOSURE, ''),
  });
  const cut = () => {
    isCut = true;
    post({ type: 'cut' });
    for (const socket of [...connections.keys()]) leave(socket);
  };
  fromHub.onmessage = ({ data }: MessageEvent<ToServer>) => {
    const { socket } = data;
    if (data.type === 'message') connections.get(socket)?.message(data.text);
    else if (data.type === 'close') leave(socket);
    else if (isCut) post({ type: 'closed', socket, code: ABNORMAL_CLOSURE, reason: '' });
    else {
      post({ type: 'opened', socket });
      connections.set(socket, connect(peerOf(socket)));
    }
  };
  // What connected to a server that ended without a word, as in a page that crashed.
  post({ type: 'cut' });
  return {
    cut,
    mend() {
      isCut = false;
    },
    end() {
      cut();
      fromHub.close();
      toHub.close();
    },
  };
}
