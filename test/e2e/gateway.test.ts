import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { lastingPort } from '../../testing/network/lasting-port.ts';
import { type GatesBackend, startGatesBackend } from '../support/gates-backend.ts';
import { type BackendLine, startBackendLine } from './harness/backend-line.ts';
import { GATEWAY_LOG, type GatewayProcess, startGateway } from './harness/gateway-process.ts';
import { expect, type LabTab, test as lab } from './harness/lab.ts';

/** A gateway of the package, and the Python backend of the documentation behind it. */
interface Served {
  readonly backend: () => GatesBackend;
  readonly line: BackendLine;
  readonly restartGateway: () => Promise<void>;
  readonly killGateway: () => Promise<void>;
  readonly restartBackend: () => Promise<void>;
  /** The ids of the commands that the gateway has accepted. */
  readonly accepted: () => string[];
  /** The states of a gate, in the order in which they were published. */
  readonly published: (gateId: string) => string[];
}

const test = lab.extend<{ served: Served }>({
  served: async ({ folder, site, lead }, use) => {
    const secretFile = join(folder, 'backend.secret');
    const keyFile = join(folder, 'control.key');
    writeFileSync(secretFile, `whsec_${randomBytes(32).toString('base64')}\n`);
    writeFileSync(keyFile, randomBytes(32).toString('hex'));
    lead.port = await lastingPort();
    const controlPort = await lastingPort();
    const gatewayUrl = `http://127.0.0.1:${controlPort}`;
    const startBackend = () => startGatesBackend({ folder, secretFile, keyFile, gatewayUrl });
    let backend = await startBackend();
    const line = await startBackendLine(() => backend.port);
    const start = () =>
      startGateway(folder, {
        app: 'lab',
        version: 2,
        listen: { port: lead.port },
        control: { port: controlPort, key: { file: keyFile } },
        allowedOrigins: [site.origin],
        backend: { url: line.url, secret: { file: secretFile } },
      });
    let gateway: GatewayProcess = await start();
    const inLog = (sql: string, ...values: string[]): string[] => {
      const db = new DatabaseSync(join(folder, GATEWAY_LOG), { readOnly: true });
      try {
        return db
          .prepare(sql)
          .all(...values)
          .map(({ text }) => String(text));
      } finally {
        db.close();
      }
    };
    await use({
      backend: () => backend,
      line,
      async restartGateway() {
        await gateway.kill();
        gateway = await start();
      },
      killGateway: () => gateway.kill(),
      async restartBackend() {
        await backend.kill();
        backend = await startBackend();
      },
      accepted: () => inLog("SELECT id AS text FROM commands WHERE state = 'accepted'"),
      published: (gateId) =>
        inLog(
          `SELECT event ->> 'state' AS text FROM events WHERE event ->> 'gateId' = ? ORDER BY "offset"`,
          gateId,
        ),
    });
    await gateway.kill();
    await line.close();
    await backend.kill();
  },
});

/** A page that shows the open gate `a`. */
async function pageAtGate({ backend }: Served, open: () => Promise<LabTab>): Promise<LabTab> {
  const tab = await open();
  await tab.hears('run');
  await backend().openGate('a', 'run');
  await expect.poll(() => tab.known()).toContain('a open');
  return tab;
}

/** Wherever it is looked for: once. */
async function expectAcceptedOnce(tab: LabTab, id: string, served: Served): Promise<void> {
  const { line, backend, accepted, published } = served;
  await expect.poll(() => tab.settled()).toMatchObject([{ id, outcome: { status: 'accepted' } }]);
  await expect.poll(() => tab.known()).toContain('a approved');
  expect(await tab.outbox()).toEqual([]);
  expect(backend().decided()).toEqual(['a approved']);
  expect(accepted()).toEqual([id]);
  expect(published('a')).toEqual(['open', 'approved']);
  expect(new Set(line.asked).size).toBe(1);
}

test('a person decides offline, reloads, and comes back: the Python backend behind the gateway decides once', async ({
  served,
  open,
  network,
}) => {
  const tab = await pageAtGate(served, open);
  await network.setMode('refuse');
  await tab.isOffline();
  const { id, durable } = await tab.decide('a', 'approved');
  expect(durable).toBe(true);
  await tab.page.reload();
  await expect.poll(() => tab.outbox()).toEqual(['decide queued']);
  await network.setMode('pass');
  await tab.reconnect();
  await expectAcceptedOnce(tab, id, served);
  expect(served.line.asked).toHaveLength(1);
  expect(await tab.errors()).toEqual([]);
});

test('the backend has decided, and dies before its answer arrives: the page waits, and it is accepted once', async ({
  served,
  open,
}) => {
  const { line, backend, restartBackend } = served;
  const tab = await pageAtGate(served, open);
  line.mode = 'lose';
  const { id } = await tab.decide('a', 'approved');
  await expect.poll(() => line.answered).toBeGreaterThan(0);
  await backend().kill();
  await expect.poll(() => tab.outbox()).toEqual(['decide waiting']);
  expect(await tab.settled()).toEqual([]);
  line.mode = 'pass';
  await restartBackend();
  await expectAcceptedOnce(tab, id, served);
});

test('the gateway dies after the backend has decided, and before it knows: it is accepted once', async ({
  served,
  open,
}) => {
  const { line, accepted, restartGateway } = served;
  const tab = await pageAtGate(served, open);
  line.mode = 'hold';
  const { id } = await tab.decide('a', 'approved');
  await expect.poll(() => line.answered).toBe(1);
  expect(accepted()).toEqual([]);
  line.mode = 'pass';
  await restartGateway();
  await expectAcceptedOnce(tab, id, served);
});

test('the gateway dies after it has accepted a decision, and before the page knows: it is accepted once', async ({
  served,
  open,
  network,
}) => {
  const { line, accepted, killGateway, restartGateway } = served;
  const tab = await pageAtGate(served, open);
  await network.setMode('mute');
  const { id } = await tab.decide('a', 'approved');
  await expect.poll(accepted).toEqual([id]);
  await killGateway();
  expect(await tab.settled()).toEqual([]);
  network.cut();
  await network.setMode('pass');
  await restartGateway();
  await tab.reconnect();
  await expectAcceptedOnce(tab, id, served);
  expect(line.asked).toHaveLength(1);
});
