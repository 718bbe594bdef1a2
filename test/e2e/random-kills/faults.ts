import { killRendererOfWorker, killWorker } from '../harness/kill.ts';
import type { Scene } from './scene.ts';

/** Something goes wrong in the middle of the work, and is well again when the promise resolves. */
export type Fault = (scene: Scene) => Promise<void>;

export const FAULTS: Readonly<Record<string, Fault>> = {
  'a tab is closed': async (scene) => {
    await scene.closeTab(scene.random.pick(scene.awake()));
    await scene.mend();
  },
  'a tab crashes': async (scene) => {
    const { page } = scene.random.pick(scene.awake());
    const crashed = page.waitForEvent('crash');
    // It never answers.
    page.goto('chrome://crash').catch(() => {});
    await crashed;
    await scene.mend();
  },
  'a tab is reloaded': async (scene) => {
    const tab = scene.random.pick(scene.awake());
    tab.life = scene.newLife();
    await tab.page.reload();
  },
  'a tab goes away and comes back': async (scene) => {
    const tab = scene.random.pick(scene.awake());
    await tab.page.goto(`${scene.origin}/away.html`);
    await scene.pause(200);
    await tab.page.goBack({ waitUntil: 'commit' });
    await tab.page.waitForFunction(() => 'lab' in window);
    const isTheSame = await tab.page.evaluate(() => window.lab.restored > 0);
    if (!isTheSame) tab.life = scene.newLife();
  },
  'a hidden tab is frozen': async (scene) => {
    const [shown, ...others] = scene.awake();
    await shown.page.bringToFront();
    const hidden = scene.random.pick([others[0] ?? shown, ...others]);
    await hidden.page.waitForFunction(() => document.visibilityState === 'hidden');
    const devtools = await scene.own.context.newCDPSession(hidden.page);
    hidden.frozen = true;
    await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
    await scene.decide(12);
    await scene.settle(4);
    await devtools.send('Page.setWebLifecycleState', { state: 'active' });
    hidden.frozen = false;
    await devtools.detach();
  },
  'the renderer with the worker is killed': async (scene) => {
    await scene.oneWorker();
    await killRendererOfWorker(scene.own.browser, scene.origin);
    await scene.oneWorker();
    await scene.mend();
  },
  'the worker is killed': async (scene) => {
    await scene.oneWorker();
    await killWorker(scene.own.browser, scene.origin);
  },
  'the browser is killed': async (scene) => {
    await scene.killBrowser();
    await scene.startBrowser();
  },
  'the browser is killed the moment a page hears of its decision': async (scene) => {
    await scene.settle(0);
    const heard = scene.ledger.nextAnswer();
    // The pages die of it, and cannot say that they were asked.
    scene.decide(30).catch(() => {});
    await heard;
    await scene.killBrowser();
    await scene.startBrowser();
  },
  'the server is killed': async (scene) => {
    await scene.killServer();
    await scene.pause(300);
    await scene.startServer();
  },
  'the line is cut': async ({ network }) => network.cut(),
  'the line is cut in a frame of the page': ({ network }) => network.tear('client'),
  'the line is cut in a frame of the server': ({ network }) => network.tear('server'),
  'nobody answers at the address': async (scene) => {
    await scene.network.setMode('refuse');
    await scene.pause(400);
    await scene.network.setMode('pass');
  },
  'packets vanish': async (scene) => {
    await scene.network.setMode('blackhole');
    await scene.pause(400);
    scene.network.cut();
    await scene.network.setMode('pass');
  },
  'packets vanish, and turn up again': async (scene) => {
    await scene.network.setMode('blackhole');
    await scene.pause(400);
    await scene.network.setMode('pass');
  },
  'answers vanish': async (scene) => {
    await scene.network.setMode('mute');
    await scene.pause(400);
    scene.network.cut();
    await scene.network.setMode('pass');
  },
  'everything is late': async (scene) => {
    scene.network.setDelay(20 + scene.random.int(60));
    await scene.decide(12);
    await scene.pause(400);
    scene.network.setDelay(0);
  },
};
