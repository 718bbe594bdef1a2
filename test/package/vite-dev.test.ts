import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import type { Client } from 'trunkline';
import type { ServerStats } from 'trunkline/server';
import { expect, inject, test } from 'vitest';
import { filesForBundler, filesOf } from './support/code-blocks.ts';
import { isOpen, runApplication } from './support/running-application.ts';
import { serveWithVite } from './support/vite-dev.ts';

const app = join(inject('consumer').folder, 'developing');

/** The application of `docs/bundlers.md` with the worker as the guide has it while developing. */
function developedApplication(): Map<string, string> {
  const files = filesForBundler('vite');
  for (const [name, text] of filesOf('docs/guide.md')) {
    if (name.startsWith('developing/'))
      files.set(name.slice('developing/'.length), text.replace('../', './'));
  }
  return files;
}

/** Lets the server tell how many sockets it has, and a page what its hub is. */
const withReports = (text: string) =>
  text
    .replace(
      'const http = createHttpServer();',
      'const http = createHttpServer((_, response) => response.end(JSON.stringify(server.stats())));',
    )
    .replace(/^import \{ client \}.*$/m, '$& Object.assign(window, { client });');

const roleOf = (page: Page) =>
  page.evaluate(async () => {
    const { client } = window as unknown as { client: Pick<Client<never>, 'inspect'> };
    return (await client.inspect()).role.state;
  });

test('editing the protocol or the hub and reloading one tab runs the new code, while another tab works on over the same socket', async () => {
  const { site, port, context, end } = await runApplication(
    developedApplication(),
    app,
    serveWithVite,
    withReports,
  );
  const stats = async (): Promise<ServerStats> => (await fetch(`http://127.0.0.1:${port}`)).json();
  /** Resolves when the development server has seen it. */
  const edit = async (file: string, from: string, to: string) => {
    const served = async () => (await fetch(`${site.origin}/${file}`)).text();
    const before = await served();
    const text = readFileSync(join(app, file), 'utf8');
    expect(text).toContain(from);
    writeFileSync(join(app, file), text.replace(from, to));
    await expect.poll(served, { timeout: 30_000 }).not.toBe(before);
  };
  try {
    const old = await context.newPage();
    const reloaded = await context.newPage();
    for (const page of [old, reloaded]) {
      await page.goto(site.origin);
      await isOpen(page);
    }
    /** Until its new hub has taken over, a tab sees through the hub that goes. */
    const reload = async () => {
      await reloaded.reload();
      await expect.poll(() => roleOf(reloaded), { timeout: 30_000 }).toBe('owner');
    };
    const pagesOfOld: string[] = [];
    old.on('framenavigated', (frame) => pagesOfOld.push(frame.url()));
    await old.getByRole('button', { name: 'Add a note' }).click();
    for (const page of [old, reloaded]) await page.getByText('note 1', { exact: true }).waitFor();

    await edit(
      'protocol.ts',
      'note: { schema: z.object({ text: z.string() })',
      "note: { schema: z.object({ text: z.pipe(z.string(), z.transform((text) => text + ' as edited')) })",
    );
    await reload();
    await old.getByRole('button', { name: 'Add a note' }).click();
    // One hub has read it for both.
    for (const page of [old, reloaded]) await page.getByText('note 2 as edited', { exact: true }).waitFor();

    const schema =
      "{ '~standard': { version: 1, vendor: 'test', validate: ({ text }) => ({ value: { text: text + ' by a new hub' } }) } }";
    await edit(
      'hub.ts',
      'startHub(protocol',
      `startHub({ ...protocol, events: { note: { schema: ${schema} } } }`,
    );
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
