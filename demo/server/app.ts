import type { Server as HttpServer } from 'node:http';
import type { EventInput } from 'trunkline/protocol';
import { createServer, type EventLog } from 'trunkline/server';
import { type DemoProtocol, protocol, TOPICS } from '../protocol.ts';
import { Gates } from './gates.ts';
import { DEFAULT_INTERVAL_MS, Machine } from './machine.ts';
import { Notes } from './notes.ts';

const DRAIN_MS = 1_000;

export interface App {
  attach(door: HttpServer): void;
  /** A line of the machine's log. */
  log(text: string): void;
  close(): Promise<void>;
}

/** The demo's server: everything that it must know after a restart is in `log`. */
export async function startApp(log: EventLog): Promise<App> {
  const server = createServer(protocol, {
    log,
    // Pings measure the round trip: often enough to see it.
    limits: { heartbeatMs: 5_000 },
    commands: {
      human_decision: (command, context) => gates.decide(command, context),
      post_note: (command, context) => notes.post(command, context),
    },
  });
  const publishTo = (topic: string) => (event: EventInput<DemoProtocol>) => {
    server
      .publish(topic, event)
      .catch((error) => console.error(`demo: ${event.type} was not published:`, error));
  };

  // The first publication opens the log; what it remembers can be read from then on.
  await server.publish(TOPICS.machine, { type: 'log_line', text: 'the server started' });
  const machineState = await remembered(log, TOPICS.machine);
  const gatesState = await remembered(log, TOPICS.gates);
  const notesState = await remembered(log, TOPICS.notes);
  const intervalMs =
    machineState.find((event) => event.type === 'sampling')?.intervalMs ?? DEFAULT_INTERVAL_MS;
  const open = gatesState.find((event) => event.type === 'gate');
  const last = gatesState.findLast((event) => event.type === 'decision')?.gate ?? 0;

  const machine = new Machine(publishTo(TOPICS.machine), intervalMs, () => {
    const { connections, subscriptions } = server.stats();
    return `${plural(connections, 'connection')} with ${plural(subscriptions, 'topic')}`;
  });
  publishTo(TOPICS.machine)({ type: 'sampling', intervalMs });
  const gates = new Gates(machine, publishTo(TOPICS.gates), open, last);
  const notes = new Notes(notesState.findLast((event) => event.type === 'note')?.text);

  return {
    attach: (door) => server.attach(door, { path: '/ws' }),
    log: (text) => machine.log(text),
    async close() {
      machine.stop();
      gates.stop();
      await server.close({ drainMs: DRAIN_MS });
    },
  };
}

async function remembered(log: EventLog, topic: string): Promise<EventInput<DemoProtocol>[]> {
  const { events } = await log.state(topic);
  // What is in the log was judged by the protocol when it was published.
  return events.map(({ event }) => JSON.parse(event) as EventInput<DemoProtocol>);
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
