import { type Case, FLAWLESS } from '../run/scene.ts';

/** Of tabs that show a topic and have nothing to do. */
export function memory(tabs: number): Case {
  return {
    name: `memory-${tabs}`,
    title: `Memory of ${tabs === 1 ? 'one tab' : `${tabs} tabs`} on a topic of 1,000 keys`,
    figures: [
      { name: 'browser', title: 'the browser, all processes', unit: 'MB', better: 'lower' },
      { name: 'server', title: 'the server', unit: 'MB', better: 'lower' },
    ],
    async run({ browser, server }) {
      const bytes = await browser.memoryBytes();
      const { rssBytes } = await server.usage();
      return { values: { browser: bytes / 1_000_000, server: rssBytes / 1_000_000 }, flaws: FLAWLESS };
    },
  };
}
