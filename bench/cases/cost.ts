import type { Case } from '../run/scene.ts';
import { publishSteadily } from './steady.ts';

const PER_SECOND = 100;
const SECONDS = 5;
const MB = 1_000_000;

/** What the tabs of one person cost the server. */
export function cost(tabs: number): Case {
  return {
    name: `cost-${tabs}`,
    title: `At the server: ${tabs === 1 ? 'one tab' : `${tabs} tabs`}, ${PER_SECOND} events a second`,
    figures: [
      { name: 'connections', title: 'connections', unit: '', better: 'lower' },
      { name: 'cpuPerEvent', title: 'CPU time, per event', unit: 'µs', better: 'lower' },
      { name: 'bytesOut', title: 'bytes out, per event', unit: 'bytes', better: 'lower' },
      { name: 'bytesIn', title: 'bytes in, per event', unit: 'bytes', better: 'lower' },
      { name: 'memory', title: "the server's memory", unit: 'MB', better: 'lower' },
      {
        name: 'browserCpuPerEvent',
        title: "the browser's CPU time, per event",
        unit: 'µs',
        better: 'lower',
      },
    ],
    async run(scene) {
      const { server, browser, quick } = scene;
      await publishSteadily(scene, PER_SECOND, 0.2);
      const before = await server.usage();
      const browserBefore = await browser.cpuMs();
      const { published, flaws } = await publishSteadily(scene, PER_SECOND, quick ? 1 : SECONDS);
      const after = await server.usage();
      const events = published.last - published.first + 1;
      return {
        values: {
          connections: after.connections,
          cpuPerEvent: ((after.cpuMs - before.cpuMs) * 1_000) / events,
          bytesOut: (after.bytesOut - before.bytesOut) / events,
          bytesIn: (after.bytesIn - before.bytesIn) / events,
          memory: after.rssBytes / MB,
          browserCpuPerEvent: (((await browser.cpuMs()) - browserBefore) * 1_000) / events,
        },
        flaws,
      };
    },
  };
}
