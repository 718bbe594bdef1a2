import { type Client, createClient, type Dialect, type EventOf, type Outcome } from 'trunkline';
import { oneTab } from 'trunkline/one-tab';
import { keptProtocol, type LabProtocol, protocol } from './protocol.ts';

export interface LabConfig {
  readonly url: string;
  readonly identity: string;
  readonly worker: keyof typeof workers;
  /** Of a shared worker: whether it outlives its last page. */
  readonly extendedLifetime: boolean;
  readonly dialect: Dialect;
  /** Listened to from the start, to every type. */
  readonly topics: readonly string[];
  /** `null`: the page has no function that gives one. */
  readonly token: string | null;
}
export interface Heard {
  readonly topic: string;
  readonly offset: number;
  readonly event: EventOf<LabProtocol>;
  readonly replayed: boolean;
}
/** What the tests hold of a page. */
export interface Lab {
  readonly client: Client<LabProtocol>;
  /** In order of arrival. */
  readonly heard: Heard[];
  readonly settled: { readonly id: string; readonly outcome: Outcome }[];
  /** What the application's `onError` got, and what nobody caught. */
  readonly errors: string[];
  /** Given from now on. */
  token: string | null;
  tokensAsked: number;
  /** How often the page came back out of the back/forward cache. */
  restored: number;
  /** The alarms that this page took, of those that one page takes. */
  readonly rung: string[];
  /** From now on one page takes each alarm; this one needs so long for it. */
  takeAlarms(ms: number): void;
  /** The count of each node of the topic `run`, where it is listened to. */
  nodes: Record<string, number>;
}
declare global {
  interface Window {
    /** Set before the page's own scripts run; else it stands in the address, behind the `#`. */
    labConfig?: LabConfig;
    lab: Lab;
  }
}

/** Each a literal, for the bundler to see it. */
const workers = {
  shared: () =>
    new SharedWorker(new URL('./hub.ts', import.meta.url), {
      type: 'module',
      name: 'trunkline',
      extendedLifetime,
    }),
  'without storage': () =>
    new SharedWorker(new URL('./hub-without-storage.ts', import.meta.url), {
      type: 'module',
      name: 'trunkline',
      extendedLifetime,
    }),
  'with a mistake': () =>
    new SharedWorker(new URL('./hub-with-a-mistake.ts', import.meta.url), {
      type: 'module',
      name: 'trunkline',
      extendedLifetime,
    }),
  /** As a newer build's, which is at its own address: under another name it is another worker. */
  'of another build': () =>
    new SharedWorker(new URL('./hub.ts', import.meta.url), {
      type: 'module',
      name: 'another',
      extendedLifetime,
    }),
  'that keeps': () =>
    new SharedWorker(new URL('./hub-that-keeps.ts', import.meta.url), {
      type: 'module',
      name: 'keeping',
      extendedLifetime,
    }),
  dedicated: () => new Worker(new URL('./hub.ts', import.meta.url), { type: 'module' }),
};
const config: LabConfig = window.labConfig ?? JSON.parse(decodeURIComponent(window.location.hash.slice(1)));
const { url, identity, worker, extendedLifetime, dialect, topics, token } = config;
const lab: Lab = {
  client: createClient(worker === 'that keeps' ? keptProtocol : protocol, {
    url,
    identity,
    dialect,
    worker: workers[worker],
    ...(token !== null && {
      token: () => {
        lab.tokensAsked++;
        return lab.token;
      },
    }),
    onError: (error) => lab.errors.push(`${error.code}: ${error.message}`),
  }),
  heard: [],
  settled: [],
  errors: [],
  token,
  tokensAsked: 0,
  restored: 0,
  rung: [],
  takeAlarms(ms) {
    const ring = oneTab('alarms', async ({ text }: EventOf<LabProtocol, 'alarm'>) => {
      lab.rung.push(text);
      await new Promise((over) => setTimeout(over, ms));
    });
    lab.client.topic('run').on('alarm', ring);
  },
  nodes: {},
};
window.lab = lab;
window.addEventListener('error', ({ message }) => lab.errors.push(`uncaught: ${message}`));
window.addEventListener('unhandledrejection', ({ reason }) => lab.errors.push(`unhandled: ${reason}`));
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) lab.restored++;
});

lab.client.connection.subscribe(() => {});
lab.client.outbox.subscribe(() => {});
lab.client.outbox.onSettled(({ id, outcome }) => lab.settled.push({ id, outcome }));
for (const name of topics) {
  lab.client
    .topic(name)
    .on(
      ['machine', 'node', 'gate', 'alarm', 'line'],
      (event, { topic, offset, replayed }) => void lab.heard.push({ topic, offset, event, replayed }),
      { replay: 'state' },
    );
}
if (topics.includes('run'))
  lab.client
    .topic('run')
    .latest('node')
    .subscribe((nodes) => {
      lab.nodes = Object.fromEntries([...nodes.values()].map(({ name, count }) => [name, count]));
    });
