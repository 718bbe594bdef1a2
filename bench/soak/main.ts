/**
 * `npm run soak`: a million events, with tabs, keys, commands and the line coming and going; nothing may grow. What it
 * found is kept in `results/soak.json`.
 */
import { writeFileSync } from 'node:fs';
import { command, commandLine, WrongArguments } from '../../scripts/command-line.ts';
import { startSite } from '../../test/e2e/harness/site.ts';
import { startBrowser } from '../run/browser.ts';
import { buildPages } from '../run/build.ts';
import { thisMachine } from '../run/machine.ts';
import { askTab } from '../run/scene.ts';
import { startServerProcess } from '../run/server-process.ts';
import { fill, runCycle, type SoakScene } from './cycle.ts';
import { SOAK_FILE, type SoakResults } from './document.ts';
import { printSample } from './print.ts';
import { type Sample, takeSample } from './sample.ts';
import { findFaults } from './verdict.ts';

/** Of which nothing falls off, however busy the machine is. */
const PAGE = 'trunkline-whole';
const MINUTES = 30;
const SHORT_MINUTES = 2;
const EVENTS = 1_000_000;
const TABS = 10;
const SHORT_TABS = 4;
const SAMPLES = 24;

const SOAK = command({
  name: 'npm run soak',
  about: 'A million events while tabs, keys, commands and the line come and go; fails if anything grows.',
  options: {
    minutes: { type: 'number', takes: 'N', default: MINUTES, about: `for so long, ${MINUTES} at most` },
    short: {
      type: 'flag',
      about: `${SHORT_MINUTES} minutes, which show flatness and not speed, and are not kept`,
    },
    'no-keep': { type: 'flag', about: 'keeps nothing of what it found' },
  },
});
const { minutes, isShort, keeps } = commandLine(SOAK, ({ values }) => {
  if (values.minutes <= 0) throw new WrongArguments('--minutes takes a positive number');
  const { short: isShort } = values;
  return {
    isShort,
    minutes: isShort ? SHORT_MINUTES : Math.min(MINUTES, values.minutes),
    keeps: !values['no-keep'] && !isShort,
  };
});

const machine = thisMachine();
const startedAt = new Date();
const pages = await buildPages([PAGE]);
const server = await startServerProcess(pages.entry('server'), 'trunkline');
const site = await startSite(pages.of(PAGE), () => server.port);
const chromium = await startBrowser();
const samples: Sample[] = [];
const faults: string[] = [];
try {
  const url = `ws://127.0.0.1:${server.port}`;
  const openTab = async () => {
    const tab = await chromium.openTab(site.origin);
    await askTab(tab, (bench, to) => bench.connect(to), url);
    return tab;
  };
  const resident = await openTab();
  const scene: SoakScene = { server: server.calls, tabs: [resident], openTab };
  while (scene.tabs.length < (isShort ? SHORT_TABS : TABS)) scene.tabs.push(await openTab());
  await fill(scene);
  const begunAt = performance.now();
  let events = 0;
  let cycle = 0;
  /** How far it is, by time or by events, from 0 to 1. */
  const progress = () => Math.max((performance.now() - begunAt) / (minutes * 60_000), events / EVENTS);
  while (progress() < 1) {
    events += await runCycle(scene, ++cycle);
    if (progress() * SAMPLES < samples.length) continue;
    const sample = await takeSample(chromium.browser, resident, server.calls, { startedAt: begunAt, events });
    samples.push(sample);
    printSample(sample, samples.length === 1);
  }
  faults.push(...findFaults(samples), ...site.violations);
  console.log(`\n${cycle} cycles, ${events.toLocaleString('en')} events\n`);
} finally {
  await chromium.browser.close();
  await site.close();
  await server.end();
  pages.remove();
}
if (keeps) {
  const results: SoakResults = {
    machine,
    startedAt: startedAt.toISOString(),
    samples,
    faults,
  };
  writeFileSync(SOAK_FILE, `${JSON.stringify(results, null, 1)}\n`);
}
for (const fault of faults) console.error(fault);
console.log(faults.length === 0 ? 'flat' : 'NOT FLAT');
process.exitCode = faults.length === 0 ? 0 : 1;
