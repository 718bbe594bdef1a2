import type { Page } from '@playwright/test';
import { dialog, expect, release, startRun, strip, test, tool, waitsFor } from './harness/console.ts';

const gate = (id: string, after: string) => ({
  id,
  after: [after],
  gate: { title: `Go on after ${after}?`, timeLimitSeconds: 86_400 },
});

test('of two tabs that nobody sees, one shows a notification for each gate, and opens it; of a tab that is seen, none does', async ({
  serve,
  open,
}) => {
  const server = await serve({
    nodes: [
      { id: 'ready', run: waitsFor('go') },
      gate('first', 'ready'),
      gate('second', 'first'),
      { id: 'work', after: ['second'], run: waitsFor('on') },
      gate('third', 'work'),
    ],
  });
  const one = await open(server, { init: recordAlerts });
  await one.context().grantPermissions(['notifications']);
  const runId = await startRun(one);
  const two = await open(server, { runId, init: recordAlerts });
  const tabs = [one, two];
  const alerts = await tool(one, 'Alerts');
  await expect(alerts.getByRole('checkbox', { checked: true }), 'nothing is on at first').toHaveCount(0);
  await alerts.getByRole('checkbox', { name: 'Desktop notification' }).check();
  await alerts.getByRole('checkbox', { name: 'Sound' }).check();
  await expect((await tool(two, 'Alerts')).getByRole('checkbox', { checked: true })).toHaveCount(2);
  for (const tab of tabs) await see(tab, false);

  await release(server, runId, 'go');
  await expect.poll(() => titles(tabs)).toEqual(['Go on after ready?']);
  // It did not open by itself: the switch has the focus.
  await strip(one).getByRole('button', { name: 'Review' }).click();
  await dialog(one).getByRole('button', { name: 'Approve', exact: true }).click();
  // The next gate: had the other tab told of the first one as well, there would be three by now.
  await expect.poll(() => titles(tabs)).toEqual(['Go on after first?', 'Go on after ready?']);
  await expect
    .poll(() => closed(tabs), 'what is decided calls nobody any more')
    .toEqual(['Go on after ready?']);

  for (const tab of tabs) await tab.keyboard.press('Escape');
  const caller = (await titles([one])).includes('Go on after first?') ? one : two;
  await caller.evaluate(() => window.alertsShown.find(({ body }) => body.includes('first'))?.onclick?.());
  await expect(dialog(caller).getByRole('heading', { name: 'Go on after first?' })).toBeVisible();
  const approve = dialog(caller).getByRole('button', { name: 'Approve', exact: true });
  await expect(approve).not.toBeFocused();
  await approve.click();

  await see(one, true);
  await release(server, runId, 'on');
  for (const tab of tabs) await expect(strip(tab)).toContainText('Go on after work?');
  await see(one, false);
  expect(await titles(tabs), 'whoever looks at the console is not called').toHaveLength(2);
});

async function titles(tabs: readonly Page[]): Promise<string[]> {
  const shown = await Promise.all(
    tabs.map((tab) => tab.evaluate(() => window.alertsShown.map(({ body }) => body))),
  );
  return shown.flat().sort();
}

async function closed(tabs: readonly Page[]): Promise<string[]> {
  const over = await Promise.all(
    tabs.map((tab) =>
      tab.evaluate(() => window.alertsShown.flatMap(({ body, isClosed }) => (isClosed ? [body] : []))),
    ),
  );
  return over.flat();
}

/** As if the tab were in front, or not: Playwright's are all seen. */
async function see(tab: Page, isSeen: boolean): Promise<void> {
  await tab.evaluate((seen) => {
    window.isSeen = seen;
    document.dispatchEvent(new Event('visibilitychange'));
  }, isSeen);
}

declare global {
  interface Window {
    isSeen: boolean;
    alertsShown: { body: string; isClosed: boolean; onclick: (() => void) | null }[];
  }
}

/** In the page, ahead of its own code: a headless browser has no desktop that would show anything. */
function recordAlerts(): void {
  window.isSeen = true;
  window.alertsShown = [];
  Object.defineProperty(document, 'visibilityState', { get: () => (window.isSeen ? 'visible' : 'hidden') });
  class RecordedNotification {
    static readonly permission = 'granted';
    static requestPermission = async () => 'granted';
    onclick: (() => void) | null = null;
    isClosed = false;
    readonly body: string;
    constructor(_title: string, { body = '' }: NotificationOptions) {
      this.body = body;
      window.alertsShown.push(this);
    }
    close() {
      this.isClosed = true;
    }
  }
  Object.defineProperty(window, 'Notification', { value: RecordedNotification });
}
