import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type GatesBackend, startGatesBackend } from '../../support/gates-backend.ts';

const key = randomBytes(24);

async function started(): Promise<GatesBackend> {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-gates-'));
  const secretFile = join(folder, 'secret');
  writeFileSync(secretFile, `whsec_${randomBytes(24).toString('base64')}\nwhsec_${key.toString('base64')}\n`);
  const backend = await startGatesBackend({ folder, secretFile });
  onTestFinished(async () => {
    await backend.kill();
    rmSync(folder, { recursive: true });
  });
  return backend;
}

async function ask(
  { port }: GatesBackend,
  { body, ageS = 0, signedWith = key }: { body: string; ageS?: number; signedWith?: Buffer },
): Promise<{ status: number; json: unknown }> {
  const timestamp = Math.floor(Date.now() / 1_000) - ageS;
  const signature = createHmac('sha256', signedWith).update(`m1.${timestamp}.${body}`).digest('base64');
  const response = await fetch(`http://127.0.0.1:${port}/trunkline`, {
    method: 'POST',
    headers: {
      'webhook-id': 'm1',
      'webhook-timestamp': String(timestamp),
      'webhook-signature': `v1,${randomBytes(32).toString('base64')} v1,${signature}`,
    },
    body,
  });
  return { status: response.status, json: await response.json() };
}

const decision = (idempotency_key: string, verdict = 'approved') =>
  JSON.stringify({
    kind: 'command',
    idempotency_key,
    principal: 'ada',
    topic: 'run',
    command: { type: 'decide', gateId: 'g', verdict },
  });

test('the example decides a gate once, and gives the same answer to the same key', async () => {
  const backend = await started();
  await backend.openGate('g', 'run');
  const first = await ask(backend, { body: decision('k1') });
  expect(first).toEqual({
    status: 200,
    json: {
      idempotency_key: 'k1',
      result: { gateId: 'g', state: 'approved' },
      publish: [
        {
          topic: 'run',
          key: 'gate:g',
          critical: true,
          event: { type: 'gate', gateId: 'g', state: 'approved', by: 'ada' },
        },
      ],
    },
  });
  expect(await ask(backend, { body: decision('k1') })).toEqual(first);
  const late = await ask(backend, { body: decision('k2', 'rejected') });
  expect(late).toMatchObject({ status: 409, json: { code: 'gate_closed', idempotency_key: 'k2' } });
  expect(await ask(backend, { body: decision('k2', 'rejected') })).toEqual(late);
  expect(backend.decided()).toEqual(['g approved']);
});

test('the example believes nothing that is not signed, or signed long ago', async () => {
  const backend = await started();
  await backend.openGate('g', 'run');
  const body = decision('k1');
  expect((await ask(backend, { body, signedWith: randomBytes(24) })).status).toBe(401);
  expect((await ask(backend, { body, ageS: 400 })).status).toBe(401);
  expect((await ask(backend, { body, ageS: -400 })).status).toBe(401);
  expect(backend.decided()).toEqual([]);
  expect((await ask(backend, { body: '{', ageS: 0 })).status).toBe(400);
  expect((await ask(backend, { body, ageS: 60 })).status).toBe(200);
});
