import { expect, type LabTab, test } from './harness/lab.ts';

const texts = async (tab: LabTab) =>
  (await tab.heard()).map(({ event }) => (event.type === 'line' ? event.text : event.type));

for (const worker of ['shared', 'dedicated'] as const) {
  test(`a page with a ${worker} worker goes into the back/forward cache and comes back with what it missed`, async ({
    network,
    open,
    serve,
    site,
  }) => {
    const server = await serve();
    const tab = await open({ worker });
    const other = worker === 'shared' ? await open() : null;
    await tab.is('open');
    await server.publish('run', { type: 'line', text: 'before' });
    await expect.poll(() => texts(tab)).toEqual(['before']);
    await tab.note('kept');
    await expect.poll(() => tab.settled()).toHaveLength(1);

    await tab.page.goto(`${site.origin}/away.html`);
    await server.publish('run', { type: 'line', text: 'meanwhile' });
    await server.publish('run', { type: 'alarm', text: 'fire' });
    if (other) {
      await expect.poll(() => texts(other)).toEqual(['before', 'meanwhile', 'alarm']);
      await expect.poll(async () => (await other.inspect()).tabs).toHaveLength(1);
    }
    // A page out of the cache does not load.
    await tab.page.goBack({ waitUntil: 'commit' });

    // The same page, with its memory: not one that was loaded anew.
    await expect.poll(() => tab.page.evaluate(() => window.lab.restored)).toBe(1);
    await expect.poll(() => texts(tab)).toEqual(['before', 'meanwhile', 'alarm']);
    await tab.is('open');
    await tab.note('and I can write');
    await expect.poll(() => tab.settled()).toHaveLength(2);
    await server.publish('run', { type: 'line', text: 'after' });
    for (const each of other ? [tab, other] : [tab])
      await expect.poll(() => texts(each)).toEqual(['before', 'meanwhile', 'alarm', 'after']);
    expect(server.ran.map(({ what }) => what)).toEqual(['note kept', 'note and I can write']);
    if (other) expect(network.peak()).toBe(1);
  });
}
