import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { loadPipeline } from '../../../demo/engine/pipeline.ts';
import { argumentsOf, START } from '../../../demo/server/arguments.ts';
import { parseGiven } from '../../../scripts/command-line.ts';
import { operate, serve, temporaryFolder } from './support/workshop.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const PIPELINES = join(ROOT, 'demo', 'pipelines');

test('the audit of this checkout shows its findings, and writes its report once it is approved', async () => {
  const dataFolder = temporaryFolder();
  const pipeline = await loadPipeline(join(PIPELINES, 'audit.json'), 'audit');
  const server = await serve([{ kind: 'file', pipeline, here: PIPELINES, target: ROOT }], { dataFolder });
  const ada = await operate(server);
  const runId = await ada.start('audit');
  const gate = await Promise.race([
    ada.until('human_gate_waiting'),
    ada.until('error').then(({ message }) => Promise.reject(new Error(message))),
  ]);
  const findings = gate.show.find(({ label }) => label === 'Findings')?.text;
  for (const found of ['packages under', 'packages are installed', 'TypeScript: ', './protocol: ']) {
    expect(findings).toContain(found);
  }
  const report = join(dataFolder, 'runs', runId, 'report.md');
  expect(existsSync(report)).toBe(false);
  await ada.send({ type: 'human_decision', runId, gateId: gate.gateId, verdict: 'approve' });
  const over = await ada.until('run_state', ({ finishedAt }) => finishedAt !== null);
  expect(over).toMatchObject({ state: 'succeeded', done: 8 });
  expect(over.spent).toBeGreaterThan(0.002);
  expect(readFileSync(report, 'utf8')).toMatch(/^# Audit of [\s\S]*## Licences[\s\S]*\| MIT \| \d+ /);
}, 60_000);

test('what stands on the command line is understood, or refused with its reason', () => {
  const readArguments = (args: readonly string[], from: string) => argumentsOf(parseGiven(START, args), from);
  expect(readArguments([], '/here')).toEqual({
    port: 4780,
    dataFolder: '/here/.tmp',
    log: null,
    target: '/here',
    engine: 'pipelines',
    pipelines: [],
    trace: null,
  });
  const given = [
    '--pipeline',
    'p.json',
    '--trace',
    't.json',
    '--speed',
    '2.5',
    '--gate',
    'a',
    '--gate',
    'b',
    '--port',
    '0',
  ];
  expect(readArguments(given, '/here')).toMatchObject({
    port: 0,
    pipelines: ['/here/p.json'],
    trace: { path: '/here/t.json', speed: 2.5, gates: ['a', 'b'] },
  });
  expect(readArguments(['--engine', 'langgraph'], '/')).toMatchObject({ engine: 'langgraph' });
  expect(() => readArguments(['--engine', 'other'], '/')).toThrow('there are pipelines and langgraph');
  const both = ['--engine', 'langgraph', '--pipeline', 'p.json'];
  expect(() => readArguments(both, '/')).toThrow('belong to --engine pipelines');
  expect(() => readArguments(['--speed', '2'], '/')).toThrow('belong to --trace');
  expect(() => readArguments(['--trace', 'x', '--speed', '0'], '/')).toThrow('--speed must be above 0');
  expect(() => readArguments(['--port', 'x'], '/')).toThrow('--port takes a number, not "x"');
  expect(() => readArguments(['--port', '70000'], '/')).toThrow('--port 70000 is no port');
});
