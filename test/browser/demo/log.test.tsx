/** The console's log in a real browser, with as many lines as it keeps. */
import { act, cleanup, fireEvent, render, within } from '@testing-library/react';
import axe from 'axe-core';
import { useState } from 'react';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { createToasts, ToastsProvider } from '../../../demo/console/errors/toasts.ts';
import { LogLines } from '../../../demo/console/log/log-lines.tsx';
import { LogPanel } from '../../../demo/console/log/log-panel.tsx';
import { RunLog } from '../../../demo/console/log/run-log.ts';
import { RunLogProvider } from '../../../demo/console/log/use-run-log.tsx';
import { Provider } from '../../../demo/console/trunk.ts';
import { runTopic } from '../../../demo/engine/protocol.ts';
import { startBed } from './support/bed.ts';
import { wearStyles } from './support/styles.ts';

const RUN = 'r1';
const LINES = 100_000;

beforeAll(wearStyles);
afterEach(cleanup);

function addLines(log: RunLog, count: number): void {
  const from = log.all.end;
  for (let n = from; n < from + count; n += 1) {
    const stream = n % 50 === 0 ? 'err' : 'out';
    log.add({ type: 'log', nodeId: 'a', stream, line: `line ${n} says something`, at: n, number: n + 1 });
  }
}

/** A log of so many lines. `add` writes more of them, as one change. */
function showLines(count: number) {
  const log = new RunLog();
  addLines(log, count);
  let changed = () => {};
  let follow = (_: boolean) => {};
  const Shown = () => {
    const [, setChange] = useState(0);
    const [isFollowing, setIsFollowing] = useState(true);
    changed = () => setChange((change) => change + 1);
    follow = setIsFollowing;
    return (
      <div style={{ display: 'flex', flexDirection: 'column', width: 400, height: 400 }}>
        <LogLines
          list={log.all}
          titleOf={null}
          search=""
          current={null}
          isWrapped
          isFollowing={isFollowing}
          onFollow={setIsFollowing}
        />
        <output>{isFollowing ? 'follows' : 'stays'}</output>
      </div>
    );
  };
  const view = within(render(<Shown />).container);
  const box = view.getByRole('region', { name: 'Log' });
  return {
    log,
    box,
    view,
    add: (more: number) => {
      addLines(log, more);
      act(() => changed());
    },
    follow: () => act(() => follow(true)),
    texts: () => [...box.querySelectorAll('.log-text')].map(({ textContent }) => textContent),
    lastInView: () => lineAt(box, box.getBoundingClientRect().bottom - 10),
    firstInView: () => lineAt(box, box.getBoundingClientRect().top + 10),
  };
}

function lineAt(box: HTMLElement, y: number): string | undefined {
  const rows = [...box.querySelectorAll<HTMLElement>('.log-row')];
  const row = rows.find((one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return top <= y && y < bottom;
  });
  return row?.querySelector('.log-text')?.textContent?.replace('error output: ', '');
}

it('shows the end of 100,000 lines, of which those in view alone are on the page, and follows what comes', async () => {
  const { add, texts, lastInView } = showLines(LINES);
  await expect.poll(lastInView).toBe(`line ${LINES - 1} says something`);
  expect(texts().length).toBeLessThan(100);
  add(500);
  await expect.poll(lastInView).toBe(`line ${LINES + 499} says something`);
  // The first ones are dropped with these.
  add(20_000);
  await expect.poll(lastInView).toBe(`line ${LINES + 20_499} says something`);
});

it('stays where a person has scrolled to, whatever comes and is dropped, until it is to follow again', async () => {
  const { add, box, view, follow, lastInView, firstInView } = showLines(LINES);
  await expect.poll(lastInView).toBe(`line ${LINES - 1} says something`);
  box.scrollTop = box.scrollHeight / 2;
  await expect.poll(() => view.queryByText('stays')).not.toBeNull();
  await expect.poll(firstInView).toMatch(/^line [45]\d{4} /);
  const before = firstInView();
  add(100);
  expect(firstInView()).toBe(before);
  add(20_000);
  await expect.poll(firstInView).toBe(before);
  follow();
  await expect.poll(lastInView).toBe(`line ${LINES + 20_099} says something`);
});

const graph = [
  { nodeId: 'a', title: 'Compile', kind: 'task', after: [] },
  { nodeId: 'b', title: 'Link', kind: 'task', after: ['a'] },
] as const;

async function showPanel(nodeId: string | null) {
  const bed = startBed();
  const lines = [
    { nodeId: 'a', stream: 'out', line: 'compiling', at: 1_000, number: 4 },
    { nodeId: 'a', stream: 'err', line: 'Warning: old', at: 2_000, number: 5 },
    { nodeId: 'b', stream: 'out', line: 'linking, no warning', at: 3_000, number: 1 },
    { nodeId: 'a', stream: 'out', line: 'compiled', at: 4_000, number: 8 },
    { nodeId: 'a', stream: 'engine', line: 'attempt 1 of 1 ended with code 1', at: 5_000, number: 9 },
  ] as const;
  for (const line of lines) await bed.server.emit(runTopic(RUN), { type: 'log', ...line });
  const { client } = await bed.openTab();
  const toasts = createToasts();
  const { container } = render(
    <Provider client={client}>
      <ToastsProvider value={toasts}>
        <RunLogProvider runId={RUN}>
          <main style={{ display: 'flex', flexDirection: 'column', width: 360, height: 500 }}>
            <h1>Run</h1>
            <h2>Node</h2>
            <LogPanel runId={RUN} nodeId={nodeId} graph={graph} />
          </main>
        </RunLogProvider>
      </ToastsProvider>
    </Provider>,
  );
  await bed.settle();
  const view = within(container);
  const texts = () => [...container.querySelectorAll('.log-text')].map(({ textContent }) => textContent);
  await expect.poll(texts).not.toHaveLength(0);
  return { container, view, texts, toasts };
}

it("shows a node's lines with their times and streams, what is no longer kept, and what is missing", async () => {
  const { container, view, texts } = await showPanel('a');
  const engine = 'the engine: attempt 1 of 1 ended with code 1';
  await expect.poll(texts).toEqual(['compiling', 'error output: Warning: old', 'compiled', engine]);
  expect(view.queryByText('The first 3 lines are no longer kept.')).not.toBeNull();
  expect(view.queryByText('2 lines are missing here: too many came at once.')).not.toBeNull();
  expect(container.querySelector('time')?.getAttribute('title')).toBe('1970-01-01T00:00:01.000Z');
  const [out, err, , own] = [...container.querySelectorAll<HTMLElement>('.log-line')].map((line) =>
    getComputedStyle(line),
  );
  expect(err?.color, 'no other text').toBe(out?.color);
  expect(err?.borderLeftColor, 'but a mark').not.toBe(out?.borderLeftColor);
  expect(own?.borderLeftColor, 'which is another one where the engine speaks').not.toBe(err?.borderLeftColor);
});

it("says of a run's lines whose they are, by title, and finds text in them, forth and back", async () => {
  const { container, view, texts } = await showPanel(null);
  await expect.poll(() => texts()[2]).toBe('Linklinking, no warning');
  const field = view.getByRole('searchbox', { name: 'Search the log' });
  fireEvent.change(field, { target: { value: 'warning' } });
  await expect.poll(() => view.queryByText('2 lines')).not.toBeNull();
  const current = () =>
    container.querySelector('[data-current="true"]')?.querySelector('.log-text')?.textContent;
  fireEvent.keyDown(field, { key: 'Enter' });
  await expect.poll(() => view.queryByText('1 of 2')).not.toBeNull();
  expect(current()).toContain('Warning: old');
  fireEvent.click(view.getByRole('button', { name: 'Next match' }));
  await expect.poll(current).toContain('no warning');
  fireEvent.click(view.getByRole('button', { name: 'Next match' }));
  fireEvent.click(view.getByRole('button', { name: 'Previous match' }));
  await expect.poll(() => view.queryByText('2 of 2')).not.toBeNull();
  expect([...container.querySelectorAll('mark')].map(({ textContent }) => textContent)).toEqual([
    'Warning',
    'warning',
  ]);
});

it('wraps long lines or not, as a person likes', async () => {
  const { view } = await showPanel('a');
  const wrap = view.getByRole('button', { name: 'Wrap long lines' });
  expect(wrap.getAttribute('aria-pressed')).toBe('true');
  fireEvent.click(wrap);
  await expect.poll(() => view.getByRole('region', { name: 'Log' }).dataset['wrapped']).toBe('false');
});

it('axe finds nothing to complain of in it', async () => {
  const { container, view } = await showPanel(null);
  fireEvent.change(view.getByRole('searchbox'), { target: { value: 'warning' } });
  await expect.poll(() => container.querySelectorAll('mark').length).toBe(2);
  const { violations } = await axe.run(container);
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
});
