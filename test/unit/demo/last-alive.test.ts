import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LastAlive } from '../../../demo/engine/last-alive.ts';
import { eventually, temporaryFolder } from './support/workshop.ts';

test('a server goes on saying that it is there after it could not for a while, of which it reports once', async () => {
  const folder = join(temporaryFolder(), 'data');
  const reports: string[] = [];
  const alive = new LastAlive(join(folder, 'alive'), (_, about) => reports.push(about));
  onTestFinished(() => alive.end());
  alive.begin();
  expect(reports).toEqual(['saying that the server is there']);
  mkdirSync(folder);
  await eventually(() => alive.read() !== null);
  expect(reports).toHaveLength(1);
  rmSync(folder, { recursive: true });
  await eventually(() => reports.length === 2);
  mkdirSync(folder);
  await eventually(() => alive.read() !== null);
});
