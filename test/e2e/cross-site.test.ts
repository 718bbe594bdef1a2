import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import { test as base, expect } from './harness/lab.ts';

/** Another origin: an empty page under no policy. */
const test = base.extend<{ evil: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern what a fixture depends on
  evil: async ({}, use) => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>evil</title>');
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  },
});

const byCookie = (_token: string | undefined, { headers }: IncomingMessage) =>
  /(?:^|; )person=(\w+)/.exec(headers.cookie ?? '')?.[1] ?? null;

/** What the page hears first on a socket of its own, on which it says `hello`. */
function hijack(page: Page, url: string): Promise<string> {
  return page.evaluate(
    (address) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(address, 'trunkline.v1');
        const hello = {
          type: 'hello',
          client_id: crypto.randomUUID(),
          app: 'lab',
          app_version: 1,
          term: 1,
        };
        socket.onopen = () => socket.send(JSON.stringify(hello));
        socket.onmessage = ({ data }) => resolve(String(data));
        socket.onclose = ({ code }) => resolve(`closed ${code}`);
      }),
    url,
  );
}

test('a page of another origin cannot use the cookies of somebody who is signed in, though the browser sends them', async ({
  context,
  evil,
  network,
  open,
  serve,
  site,
}) => {
  await context.addCookies([
    { name: 'person', value: 'ann', url: site.origin, sameSite: 'Strict', httpOnly: true },
  ]);
  const server = await serve({ authenticate: byCookie });
  const tab = await open();
  await tab.is('open');
  const page = await context.newPage();
  await page.goto(evil);
  const url = `ws://127.0.0.1:${network.port}/ws`;

  expect(await hijack(page, url)).toBe('closed 1006');

  const request = network.heads.find((head) => head.includes(`Origin: ${evil}`));
  // Another port is the same site: `SameSite` does not help.
  expect(request).toContain('person=ann');
  expect(server.authenticated).toHaveLength(1);
  expect(server.stats()).toMatchObject({ upgradesRefused: 1, connections: 1, socketsOpened: 1 });
  await serve({ authenticate: byCookie, allowedOrigins: [site.origin, evil] });
  expect(await hijack(page, url)).toContain('"principal":"ann"');
});

test('a page script cannot lead the hub, and with it the token, to a server that the policy does not name', async ({
  open,
  serve,
  site,
}) => {
  const server = await serve();
  let connections = 0;
  const elsewhere = createServer().on('connection', () => connections++);
  await new Promise<void>((listening) => elsewhere.listen(0, '127.0.0.1', listening));
  const { port } = elsewhere.address() as AddressInfo;
  const url = `ws://127.0.0.1:${port}/ws`;
  const reports: string[] = [];
  site.foresee(url, (text) => reports.push(text));
  const tab = await open({ token: 'token-of-ann', url });
  await expect.poll(() => reports.length).toBeGreaterThan(0);
  expect((await tab.connection()).state).not.toBe('open');
  expect(connections).toBe(0);
  expect(server.authenticated).toEqual([]);
  await new Promise((closed) => elsewhere.close(closed));
});
