import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Page } from 'playwright';
import type { Client } from 'trunkline';
import type { ServerStats } from 'trunkline/server';
import { expect, inject, test } from 'vitest';
import { filesForBundler } from './support/code-blocks.ts';
import {
  isOpen,
  type Pages,
  type RunningApplication,
  runApplication,
} from './support/running-application.ts';
import { serveWithUpdates, serveWithVite } from './support/vite-dev.ts';

const { folder } = inject('consumer');

const CLIENT_IMPORT = /^import \{ client \}.*$/m;
const PROTOCOLS_NOTE = 'note: { schema: z.object({ text: z.string() })';
/** A note whose text ends so when it was read. */
const protocolsNote = (end: string) =>
  `note: { schema: z.object({ text: z.pipe(z.string(), z.transform((text) => text + '${end}')) })`;
/** The same by the hub alone, for what the protocol says of it. */
const startOfHub = (end: string) =>
  `startHub({ ...protocol, events: { note: { schema: { '~standard': { version: 1, vendor: 'test', validate: ({ text }) => ({ value: { text: text + '${end}' } }) } } } } }`;

/** Lets the server tell how many sockets it has, and a page what its hub is. */
const withReports = (text: string) =>
  text
    .replace(
      'const http = createHttpServer();',
      'const http = createHttpServer((_, response) => response.end(JSON.stringify(server.stats())));',
    )
    .replace(CLIENT_IMPORT, '$& Object.assign(window, { client });');

const roleOf = (page: Page) =>
  page.evaluate(async () => {
    const { client } = window as unknown as { client: Pick<Client<never>, 'inspect'> };
    return (await client.inspect()).role.state;
  });

/** Changes a file of the application; resolves when the development server has seen it. */
async function edit({ site }: RunningApplication<Pages>, file: string, from: string, to: string) {
  const served = async () => (await fetch(`${site.origin}/${basename(file)}`)).text();
  const before = await served();
  const text = readFileSync(file, 'utf8');
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
  await expect.poll(served, { timeout: 30_000 }).not.toBe(before);
}

async function twoTabs({ site, context }: RunningApplication<Pages>): Promise<[Page, Page]> {
  const tabs: [Page, Page] = [await context.newPage(), await context.newPage()];
  for (const tab of tabs) {
    await tab.goto(site.origin);
    await isOpen(tab);
  }
  return tabs;
}

test('editing the protocol or the hub and reloading one tab runs the new code, while another tab works on over the same socket', async () => {
  const app = join(folder, 'developing');
  const application = await runApplication(filesForBundler('vite'), app, serveWithVite, withReports);
  const { port, end } = application;
  const stats = async (): Promise<ServerStats> => (await fetch(`http://127.0.0.1:${port}`)).json();
  try {
    const [old, reloaded] = await twoTabs(application);
    /** Until its new hub has taken over, a tab sees through the hub that goes. */
    const reload = async () => {
      await reloaded.reload();
      await expect.poll(() => roleOf(reloaded), { timeout: 30_000 }).toBe('owner');
    };
    const pagesOfOld: string[] = [];
    old.on('framenavigated', (frame) => pagesOfOld.push(frame.url()));
    await old.getByRole('button', { name: 'Add a note' }).click();
    for (const page of [old, reloaded]) await page.getByText('note 1', { exact: true }).waitFor();

    await edit(application, join(app, 'protocol.ts'), PROTOCOLS_NOTE, protocolsNote(' as edited'));
    await reload();
    await old.getByRole('button', { name: 'Add a note' }).click();
    // One hub has read it for both.
    for (const page of [old, reloaded]) await page.getByText('note 2 as edited', { exact: true }).waitFor();

    await edit(application, join(app, 'hub.ts'), 'startHub(protocol', startOfHub(' by a new hub'));
    await reload();
    await old.getByRole('button', { name: 'Add a note' }).click();
    for (const page of [old, reloaded])
      await page.getByText('note 3 by a new hub', { exact: true }).waitFor();

    expect(await roleOf(old)).toBe('relay');
    expect(pagesOfOld).toEqual([]);
    expect(await stats()).toMatchObject({ connections: 1, commands: { accepted: 3, duplicates: 0 } });
  } finally {
    await end();
  }
});

test.each([
  { file: 'protocol.ts', from: PROTOCOLS_NOTE, to: protocolsNote(' as edited') },
  { file: 'hub.ts', from: 'startHub(protocol', to: startOfHub(' as edited') },
])(
  'saving $file reloads every tab, also where the page accepts updates, and the new code runs; nothing else reloads one',
  async ({ file, from, to }) => {
    const app = join(folder, `developing-${file}`);
    const accepting = (text: string) => text.replace(CLIENT_IMPORT, '$& import.meta.hot?.accept();');
    const application = await runApplication(filesForBundler('vite'), app, serveWithUpdates, accepting);
    try {
      let loads = 0;
      application.context.on('page', (page) => page.on('domcontentloaded', () => loads++));
      const tabs = await twoTabs(application);
      await tabs[0].getByRole('button', { name: 'Add a note' }).click();
      for (const tab of tabs) await tab.getByText('note 1', { exact: true }).waitFor();
      expect(loads).toBe(2);
      await edit(application, join(app, file), from, to);
      for (const tab of tabs) await tab.getByText('note 1 as edited', { exact: true }).waitFor();
      expect(loads).toBe(4);
    } finally {
      await application.end();
    }
  },
);
