import { expect, test } from './harness/fixtures.ts';

/** In bytes; how long it takes at 5 kB/s, in words. The longer form is a stage of `npm run test:all`. */
const SIZE =
  process.env['TRUNKLINE_SLOW_LINE'] === 'full'
    ? { line: 9_300, command: 600_000, time: 'ten minutes' }
    : { line: 480, command: 60_000, time: 'half a minute' };
const LINES = 300;
const BYTES_PER_SECOND = 5_000;
/** Beyond what the bytes themselves take: for frames around them, and for a machine that has other things to do. */
const PATIENCE = 4;
const timeFor = (bytes: number) => (PATIENCE * 1_000 * bytes) / BYTES_PER_SECOND;

test(`5 kB/s carries it: a state that takes ${SIZE.time} arrives, and a large command meanwhile, over one connection`, async ({
  open,
  network,
  server,
}) => {
  const stateMs = timeFor(SIZE.line * LINES + SIZE.command);
  test.setTimeout(60_000 + 2 * stateMs);
  const long = 'x'.repeat(SIZE.line);
  for (let n = 0; n < LINES; n++) await server.publish('run', { type: 'line', text: `${n} ${long}` });
  network.setRate(BYTES_PER_SECOND);
  const tab = await open();
  await tab.shows('connection', 'open', 60_000);
  await tab.sendNote('y'.repeat(SIZE.command));
  await tab.lists('settled', [/ accepted$/], stateMs);
  await expect.poll(async () => (await tab.events()).length, { timeout: stateMs }).toBe(LINES + 1);
  await tab.shows('connection', 'open');
  expect(network.seen.filter(({ frame }) => frame.type === 'hello')).toHaveLength(1);
});
