import { readFile } from 'node:fs/promises';
import { lastingPort } from '../../testing/network/lasting-port.ts';
import {
  connection,
  dialog,
  expect,
  fileOfRun,
  history,
  RUN_MS,
  runHeader,
  startRun,
  test,
} from './harness/console.ts';

test('a gate of a graph of LangGraph that is approved while its server is dead is accepted once when that is back, and the graph goes on to its end', async ({
  startMain,
  open,
}) => {
  const args = ['--engine', 'langgraph', '--port', String(await lastingPort())];
  const server = await startMain(args);
  const page = await open(server);
  const runId = await startRun(page, 'Audit a checkout, by LangGraph');
  await expect(dialog(page)).toContainText('packages under', { timeout: RUN_MS });
  await server.kill();
  await expect(connection(page)).toHaveText(/Connection lost/);
  await dialog(page).getByRole('button', { name: 'Approve' }).click();
  await expect(dialog(page)).toContainText('Decision queued – connection lost');

  const again = await startMain(args);
  expect(again.url).toBe(server.url);
  await expect(runHeader(page)).toHaveText(/Succeeded.*6 of 7 done/, { timeout: RUN_MS });
  expect(await readFile(fileOfRun(again, runId, 'report.md'), 'utf8')).toMatch(/^# Findings in .*Licences/s);
  expect(await again.stop()).toBe(0);
  const told = await history(again, runId);
  const decisions = told.filter(({ type }) => type === 'human_gate_resolved');
  expect(decisions).toEqual([expect.objectContaining({ verdict: 'approve', how: 'decided', by: 'Ada' })]);
  // It is told again with the time that it is given for the outage.
  const asked = told.flatMap((event) => (event.type === 'human_gate_waiting' ? [event.gateId] : []));
  expect(new Set(asked).size).toBe(1);
  const nodes = told.filter((event) => event.type === 'node_state');
  expect(
    nodes.filter(({ attempt }) => attempt > 1),
    'what was shown as another attempt',
  ).toEqual([]);
});
