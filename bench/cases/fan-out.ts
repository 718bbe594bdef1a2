import type { ServerCase } from '../run/scene.ts';

const PER_SECOND = 20;
const SECONDS = 10;
const WARM_UP_SECONDS = 1;
/** Of one process of clients. */
const CONNECTIONS_EACH = 2_500;
const TIMEOUT_MS = 60_000;

/** As many people on one topic, each on a connection of their own. */
export function fanOut(connections: number): ServerCase {
  return {
    name: `fan-out-${connections}`,
    title: `At the server: ${connections.toLocaleString('en')} connections on one topic, ${PER_SECOND} events a second`,
    figures: [
      { name: 'cpu', title: "the server's CPU time, per delivery", unit: 'µs', better: 'lower' },
      { name: 'median', title: 'server to client, median', unit: 'ms', better: 'lower' },
      {
        name: 'p99',
        title: 'server to client, p99 of the worst process of clients',
        unit: 'ms',
        better: 'lower',
      },
      { name: 'memory', title: "the server's memory", unit: 'MB', better: 'lower' },
    ],
    async run({ server, openClients, quick }) {
      const groups = await Promise.all(
        Array.from({ length: Math.ceil(connections / CONNECTIONS_EACH) }, () => openClients()),
      );
      const each = connections / groups.length;
      await Promise.all(groups.map(({ calls }) => calls.connect(each)));
      const publish = async (seconds: number) => {
        const first = await server.next();
        await Promise.all(groups.map(({ calls }) => calls.begin(first)));
        const before = await server.usage();
        const { last } = await server.steady({ type: 'tick', perSecond: PER_SECOND, seconds, keys: 1_000 });
        const events = last - first + 1;
        await Promise.all(groups.map(({ calls }) => calls.until(events, TIMEOUT_MS)));
        const after = await server.usage();
        return { events, cpuMs: after.cpuMs - before.cpuMs, rssBytes: after.rssBytes };
      };
      await publish(WARM_UP_SECONDS);
      const { events, cpuMs, rssBytes } = await publish(quick ? 2 : SECONDS);
      const deliveries = await Promise.all(groups.map(({ calls }) => calls.deliveries()));
      const due = events * connections;
      const sum = (of: (one: (typeof deliveries)[number]) => number) =>
        deliveries.reduce((total, one) => total + of(one), 0);
      return {
        values: {
          cpu: (cpuMs * 1_000) / due,
          median: Math.max(...deliveries.map(({ medianMs }) => medianMs)),
          p99: Math.max(...deliveries.map(({ p99Ms }) => p99Ms)),
          memory: rssBytes / 1_000_000,
        },
        flaws: {
          lost: due - sum(({ received }) => received),
          duplicates: sum(({ duplicates }) => duplicates),
          disordered: sum(({ disordered }) => disordered),
          stale: 0,
        },
      };
    },
  };
}
