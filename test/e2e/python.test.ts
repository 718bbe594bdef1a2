import { findPython } from '../../scripts/python.ts';
import { type PythonServer, startSmallestServer } from '../support/python.ts';
import { expect, type LabTab, test } from './harness/lab.ts';

const python = findPython();

if (python === null) {
  test('NOT CHECKED: the library against docs/examples/smallest_server.py, because no python3 here has the package `websockets`', () => {
    console.warn(
      'docs/examples/smallest_server.py was not run against the library: no python3 here has the package `websockets`',
    );
  });
} else {
  test.describe('the smallest server', () => {
    let server: PythonServer;
    test.beforeEach(async ({ lead }) => {
      server = await startSmallestServer(python, { everyMs: 50 });
      lead.port = server.port;
    });
    test.afterEach(() => server.stop());

    const isOn = (tab: LabTab, name: string) =>
      tab.page.evaluate((machine) => {
        const last = window.lab.heard.findLast(
          ({ event }) => event.type === 'machine' && event.name === machine,
        );
        return last?.event.type === 'machine' && last.event.on;
      }, name);
    const switchOff = (tab: LabTab, machine: string) =>
      tab.page.evaluate(async (name) => {
        const receipt = await window.lab.client.send(
          'switch',
          { machine: name, on: false },
          { topic: 'machines' },
        );
        return { id: receipt.id, durable: receipt.durable };
      }, machine);

    test('gives its state to two tabs over one connection, and takes a command once', async ({
      open,
      network,
    }) => {
      const tabs = [await open({ topics: ['machines'] }), await open({ topics: ['machines'] })] as const;
      for (const tab of tabs) {
        await tab.is('open');
        for (const name of ['press', 'lathe', 'saw'])
          await expect.poll(() => isOn(tab, name), `${name} is on`).toBe(true);
      }

      const { id } = await switchOff(tabs[0], 'saw');

      for (const tab of tabs) {
        await expect
          .poll(() => tab.settled())
          .toEqual([
            { id, outcome: { status: 'accepted', duplicate: false, result: { machine: 'saw', on: false } } },
          ]);
        await expect.poll(() => isOn(tab, 'saw')).toBe(false);
        expect(await tab.errors()).toEqual([]);
        const offsets = (await tab.heard()).map(({ offset }) => offset);
        expect(offsets).toEqual([...new Set(offsets)]);
      }
      expect(network.seen.filter(({ frame }) => frame.type === 'command')).toHaveLength(1);
      expect(network.peak).toBe(1);
    });

    test('is started anew, without its memory, while an answer is open: uncertain, until a person tries again', async ({
      lead,
      network,
      open,
    }) => {
      const tabs = [await open({ topics: ['machines'] }), await open({ topics: ['machines'] })] as const;
      for (const tab of tabs) await expect.poll(() => isOn(tab, 'saw')).toBe(true);
      await network.setMode('mute');
      const { id, durable } = await switchOff(tabs[0], 'saw');
      expect(durable).toBe(true);
      const sent = () => network.seen.filter(({ frame }) => frame.type === 'command');
      await expect.poll(sent).toHaveLength(1);

      await server.stop();
      // Its answer is on the way, and is lost there.
      network.cut();
      server = await startSmallestServer(python, { everyMs: 50 });
      lead.port = server.port;
      await network.setMode('pass');

      for (const tab of tabs) {
        await tab.is('open');
        await expect.poll(() => tab.settled()).toEqual([{ id, outcome: { status: 'uncertain' } }]);
        expect(await tab.outbox()).toEqual(['switch uncertain']);
        // The new server's own state, in its own epoch.
        await expect.poll(() => isOn(tab, 'saw')).toBe(true);
      }
      expect(sent()).toHaveLength(1);

      await tabs[1].page.evaluate((entry) => window.lab.client.outbox.retry(entry).then(() => {}), id);

      for (const tab of tabs) {
        await expect
          .poll(async () => (await tab.settled()).at(-1)?.outcome)
          .toEqual({ status: 'accepted', duplicate: false, result: { machine: 'saw', on: false } });
        await expect.poll(() => isOn(tab, 'saw')).toBe(false);
        expect(await tab.outbox()).toEqual([]);
      }
      expect(sent().map(({ frame }) => frame['id'])).toEqual([id, id]);
    });
  });
}
