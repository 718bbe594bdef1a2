import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { type ConsoleEvent, type EventOfType, parseEvent } from '../../../../demo/engine/events.ts';
import { protocol, RUNS_TOPIC, runTopic } from '../../../../demo/engine/protocol.ts';

export type Answer =
  | { readonly type: 'command_ack'; readonly result?: { readonly runId?: string }; readonly duplicate?: true }
  | {
      readonly type: 'command_nack';
      readonly code: string;
      readonly message: string;
      readonly retry: boolean;
    };
type Told = { readonly topic: string; readonly event: ConsoleEvent };

/** The server gives up whoever is silent for 12.5 s. */
const HEARTBEAT_MS = 2_000;

/** An operator without a browser: a socket that speaks the wire protocol, and remembers what it was told. */
export interface Operator {
  /** All that came, in order: of snapshots, and live. */
  readonly told: readonly Told[];
  watch(topic: string): void;
  send(command: { type: string; [field: string]: unknown }, id?: string): Promise<Answer>;
  /** Sends `start_run`, watches the run, and answers its id. */
  start(pipeline: string): Promise<string>;
  /** The first event of the type that fits, of those that came and those that come. */
  until<T extends ConsoleEvent['type']>(
    type: T,
    fits?: (event: EventOfType<T>) => boolean,
  ): Promise<EventOfType<T>>;
  events<T extends ConsoleEvent['type']>(type: T): EventOfType<T>[];
  /** Lets events that came be forgotten. */
  forget(): void;
  readonly closed: Promise<number>;
  readonly isOpen: boolean;
  destroy(): void;
}

export async function connectOperator(
  url: string,
  name = 'Ada',
  { clientId = randomUUID() }: { clientId?: string } = {},
): Promise<Operator> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, ['trunkline.v1'], { origin: url });
  const told: Told[] = [];
  const answers = new Map<string, (answer: Answer) => void>();
  const wakes = new Set<() => void>();
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  const welcomed = Promise.withResolvers<void>();
  welcomed.promise.catch(() => {});
  let ref = 0;
  socket.on('error', (error) => welcomed.reject(error));
  socket.on('close', () => {
    welcomed.reject(new Error('the socket was closed'));
    for (const wake of wakes) wake();
  });
  const take = (topic: string, event: unknown) => {
    const parsed = parseEvent(JSON.stringify(event));
    if (!parsed) throw new Error(`not of the protocol: ${JSON.stringify(event)}`);
    told.push({ topic, event: parsed });
  };
  socket.on('message', (data) => {
    const message = JSON.parse(String(data));
    for (const frame of [message].flat()) {
      if (frame.type === 'welcome') welcomed.resolve();
      else if (frame.type === 'goodbye') welcomed.reject(new Error(`goodbye: ${frame.code}`));
      else if (frame.type === 'event') take(frame.topic, frame.event);
      else if (frame.type === 'snapshot') for (const item of frame.events) take(frame.topic, item.event);
      else if (frame.type === 'command_ack' || frame.type === 'command_nack') answers.get(frame.id)?.(frame);
    }
    for (const wake of [...wakes]) wake();
  });
  const say = (frame: object) => socket.send(JSON.stringify(frame));
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  say({
    type: 'hello',
    client_id: clientId,
    app: 'trunkline-console',
    app_version: protocol.version,
    term: 1,
    token: name,
  });
  await welcomed.promise;
  const heartbeat = setInterval(() => say({ type: 'ping', id: 1 }), HEARTBEAT_MS);
  void closed.then(() => clearInterval(heartbeat));

  const watch = (topic: string) => {
    ref += 1;
    say({ type: 'subscribe', topic, ref });
  };
  watch(RUNS_TOPIC);
  const send = async (
    command: { type: string; [field: string]: unknown },
    id: string = randomUUID(),
  ): Promise<Answer> => {
    const answer = new Promise<Answer>((resolve) => answers.set(id, resolve));
    const priority = ['human_decision', 'cancel_run'].includes(command.type) ? 'high' : 'normal';
    say({
      type: 'command',
      id,
      priority,
      created_at: Date.now(),
      attempt: 1,
      app_version: protocol.version,
      command,
    });
    return await answer;
  };
  const events = <T extends ConsoleEvent['type']>(type: T) =>
    told.map(({ event }) => event).filter((event) => event.type === type) as EventOfType<T>[];
  return {
    told,
    watch,
    send,
    async start(pipeline) {
      const answer = await send({ type: 'start_run', pipeline });
      if (answer.type === 'command_nack' || !answer.result?.runId) throw new Error(JSON.stringify(answer));
      watch(runTopic(answer.result.runId));
      return answer.result.runId;
    },
    async until(type, fits = () => true) {
      for (let looked = 0; ; ) {
        for (; looked < told.length; looked += 1) {
          const event = told[looked]?.event;
          if (event?.type === type && fits(event as EventOfType<typeof type>)) {
            return event as EventOfType<typeof type>;
          }
        }
        if (socket.readyState === WebSocket.CLOSED) throw new Error(`the socket closed before ${type}`);
        await new Promise<void>((resolve) => {
          const wake = () => {
            wakes.delete(wake);
            resolve();
          };
          wakes.add(wake);
        });
      }
    },
    events,
    forget: () => {
      told.length = 0;
    },
    closed,
    get isOpen() {
      return socket.readyState === WebSocket.OPEN;
    },
    destroy: () => socket.terminate(),
  };
}
