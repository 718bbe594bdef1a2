import type { Random } from '../../simulation/random.ts';
import { killRendererOfWorker, killWorker } from '../harness/kill.ts';
import { pause, type Scene } from './scene.ts';

/** Something goes wrong in the middle of the work, and is well again when the promise resolves. */
interface Fault {
  readonly name: string;
  happen(scene: Scene, random: Random): Promise<void>;
}
type Faults = readonly [Fault, ...Fault[]];

/** What happens to a page, the worker, the browser or the server. */
export const DEATHS: Faults = [
  {
    name: 'a tab is closed',
    async happen(scene, random) {
      await scene.closeTab(random.pick(scene.awake()));
      await scene.mend();
    },
  },
  {
    name: 'a tab crashes',
    async happen(scene, random) {
      const { page } = random.pick(scene.awake());
      const crashed = page.waitForEvent('crash');
      // It never answers.
      page.goto('chrome://crash').catch(() => {});
      await crashed;
      await scene.mend();
    },
  },
  {
    name: 'a tab is reloaded',
    async happen(scene, random) {
      const tab = random.pick(scene.awake());
      tab.life = scene.newLife();
      await tab.page.reload();
    },
  },
  {
    name: 'a tab goes away and comes back',
    async happen(scene, random) {
      const tab = random.pick(scene.awake());
      await tab.page.goto(`${scene.origin}/away.html`);
      await pause(random, 200);
      await tab.page.goBack({ waitUntil: 'commit' });
      await tab.page.waitForFunction(() => 'lab' in window);
      const isTheSame = await tab.page.evaluate(() => window.lab.restored > 0);
      if (!isTheSame) tab.life = scene.newLife();
    },
  },
  {
    name: 'a hidden tab is frozen',
    async happen(scene, random) {
      const [shown, ...others] = scene.awake();
      await shown.page.bringToFront();
      const hidden = random.pick([others[0] ?? shown, ...others]);
      await hidden.page.waitForFunction(() => document.visibilityState === 'hidden');
      const devtools = await scene.own.context.newCDPSession(hidden.page);
      hidden.frozen = true;
      await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
      await scene.decide(12, random);
      await scene.settle(4);
      await devtools.send('Page.setWebLifecycleState', { state: 'active' });
      hidden.frozen = false;
      await devtools.detach();
    },
  },
  {
    name: 'the renderer with the worker is killed',
    async happen(scene) {
      await scene.oneWorker();
      await killRendererOfWorker(scene.own.browser, scene.origin);
      await scene.oneWorker();
      await scene.mend();
    },
  },
  {
    name: 'the worker is killed',
    async happen(scene) {
      await scene.oneWorker();
      await killWorker(scene.own.browser, scene.origin);
    },
  },
  {
    name: 'the browser is killed',
    async happen(scene) {
      await scene.killBrowser();
      await scene.startBrowser();
    },
  },
  {
    name: 'the browser is killed the moment a page hears of its decision',
    async happen(scene, random) {
      await scene.settle(0);
      const heard = scene.ledger.nextAnswer();
      // The pages die of it, and cannot say that they were asked.
      scene.decide(30, random).catch(() => {});
      await heard;
      await scene.killBrowser();
      await scene.startBrowser();
    },
  },
  {
    name: 'the server is killed',
    async happen(scene, random) {
      await scene.killServer();
      await pause(random, 300);
      await scene.startServer();
    },
  },
];

/** What happens to the line, which is otherwise sound: it can do so while something dies. */
export const CUTS: Faults = [
  {
    name: 'the line is cut',
    async happen({ network }) {
      network.cut();
    },
  },
  {
    name: 'the line is cut in the next frame of the page',
    async happen({ network }) {
      // Whenever that is: in this round or a later one.
      network.tear('client');
    },
  },
  {
    name: 'the line is cut in the next frame of the server',
    async happen({ network }) {
      // Whenever that is: in this round or a later one.
      network.tear('server');
    },
  },
  {
    name: 'nobody answers at the address',
    async happen(scene, random) {
      await scene.network.setMode('refuse');
      await pause(random, 400);
      await scene.network.setMode('pass');
    },
  },
  {
    name: 'packets vanish',
    async happen(scene, random) {
      await scene.network.setMode('blackhole');
      await pause(random, 400);
      scene.network.cut();
      await scene.network.setMode('pass');
    },
  },
  {
    name: 'packets vanish, and turn up again',
    async happen(scene, random) {
      await scene.network.setMode('blackhole');
      await pause(random, 400);
      await scene.network.setMode('pass');
    },
  },
  {
    name: 'answers vanish',
    async happen(scene, random) {
      await scene.network.setMode('mute');
      await pause(random, 400);
      scene.network.cut();
      await scene.network.setMode('pass');
    },
  },
  {
    name: 'the line is slow',
    async happen(scene, random) {
      scene.network.setRate(5_000);
      await pause(random, 4_000);
      scene.network.setRate(null);
    },
  },
  {
    name: 'everything is late',
    async happen(scene, random) {
      scene.network.setDelay(20 + random.int(60));
      await pause(random, 800);
      scene.network.setDelay(0);
    },
  },
];

/** What a person does, and what happens to clocks. */
export const CHANGES: Faults = [
  {
    name: 'a person signs out, and in again',
    happen: (scene, random) => scene.signOut(random, { decisions: 0, discard: false }),
  },
  {
    name: 'a person decides and signs out in one turn, and in again',
    happen: (scene, random) => scene.signOut(random, { decisions: 6, discard: false }),
  },
  {
    name: 'a person decides, signs out and throws away what waits, in one turn, and signs in again',
    happen: (scene, random) => scene.signOut(random, { decisions: 6, discard: true }),
  },
  {
    name: "the computer's clock is set",
    happen: (scene, random) => scene.setBrowserClock(someHoursMs(random)),
  },
  {
    name: "the server's clock is set",
    happen: (scene, random) => scene.setServerClock(someHoursMs(random)),
  },
];

/** Ahead or behind, up to two days: the server remembers what it has accepted for longer. */
function someHoursMs(random: Random): number {
  return (random.int(96) - 48) * 3_600_000;
}
