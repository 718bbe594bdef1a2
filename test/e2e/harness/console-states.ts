/** What the console can look like: each state with the way there, to be judged by axe and to be looked at. */
import type { Locator, Page } from 'playwright';

/** A server that offers `STATES_PIPELINE`, and has no run yet. */
export interface StateServer {
  readonly url: string;
}

export interface ConsoleState {
  readonly name: string;
  /** From the state before it. */
  reach(page: Page, server: StateServer): Promise<void>;
}

const fails = (id: string, title: string) => ({
  id,
  title,
  after: ['ready'],
  run: ['sh', '-c', 'echo "reading the configuration"; echo "no such file" >&2; exit 3'],
});

/** Some nodes fail, one runs until it is released, and a gate waits. */
export const STATES_PIPELINE = {
  title: 'Test run',
  budget: { limit: 1, currency: 'USD', perCpuSecond: 0 },
  parallel: 5,
  nodes: [
    { id: 'ready', title: 'Get ready', run: ['echo', 'ready'], cost: 0.85 },
    fails('lint', 'Lint the source'),
    fails('types', 'Check the types'),
    {
      id: 'long',
      title: 'Take a long time',
      after: ['ready'],
      timeoutSeconds: 3_600,
      run: ['sh', '-c', 'echo waiting; while [ ! -e go ]; do sleep 0.05; done'],
    },
    {
      id: 'gate',
      title: 'Publish?',
      after: ['ready'],
      gate: {
        title: 'Publish the package?',
        timeLimitSeconds: 86_400,
        show: [{ label: 'What', text: '+1 line' }],
      },
    },
    { id: 'last', title: 'Publish', after: ['long', 'gate'], run: ['true'] },
  ],
};

const HEARD_MS = 30_000;

/** To be reached by one page, in their order. */
export const STATES: readonly ConsoleState[] = [
  {
    name: 'sign-in',
    async reach(page, { url }) {
      await page.goto(url);
      await seen(page.getByLabel('Your name'));
    },
  },
  {
    name: 'no run yet',
    async reach(page) {
      await page.getByLabel('Your name').fill('Ada');
      await page.keyboard.press('Enter');
      await seen(page.getByText('No run yet'));
    },
  },
  {
    name: 'failed nodes and their notice',
    async reach(page) {
      await start(page);
      await laterAll(page);
      await seen(page.getByText(/2 nodes have failed/));
    },
  },
  { name: 'table', reach: (page) => show(page, 'Table') },
  { name: 'timeline', reach: (page) => show(page, 'Timeline') },
  {
    name: 'graph',
    reach: (page) => show(page, 'Graph'),
  },
  {
    name: 'details of a node that failed',
    async reach(page) {
      await go(page, 'lint');
      await seen(page.locator('aside.details').getByText('no such file'));
    },
  },
  {
    name: 'details of a node that runs',
    async reach(page) {
      await go(page, 'long');
      await seen(page.locator('aside.details').getByRole('heading', { name: 'Take a long time' }));
    },
  },
  {
    name: 'history',
    async reach(page) {
      await go(page);
      await page.getByRole('button', { name: 'History', exact: true }).click();
      await seen(page.getByRole('complementary', { name: 'History' }));
    },
  },
  {
    name: 'gate',
    async reach(page) {
      await review(page);
      await seen(approve(page));
    },
  },
  {
    name: 'gate of another run',
    async reach(page) {
      await laterAll(page);
      const first = page.url();
      await go(page, null, null);
      await start(page);
      await page.evaluate((href) => location.assign(href), first);
      await seen(page.getByText(/Not of the run on your screen/));
    },
  },
  ...(['Outbox', 'Alerts', 'Faults', 'Inspector'] as const).map((tool) => ({
    name: tool.toLowerCase(),
    async reach(page: Page) {
      await laterAll(page);
      await page.getByRole('navigation', { name: 'Tools' }).getByRole('button', { name: tool }).click();
      await seen(page.getByRole('complementary', { name: tool }));
    },
  })),
  {
    name: 'failures',
    async reach(page) {
      await page.getByRole('button', { name: 'Close Inspector' }).click();
      await page.locator('.toast').getByRole('button', { name: 'Show all' }).click();
      await seen(page.getByRole('complementary', { name: 'Failures' }).getByText('Lint the source').first());
    },
  },
  {
    name: 'palette',
    async reach(page) {
      await page.getByRole('button', { name: 'Close Failures' }).click();
      await page.keyboard.press('Control+k');
      await seen(page.getByRole('combobox', { name: 'Find a run' }));
    },
  },
  {
    name: 'shortcuts',
    async reach(page) {
      await page.keyboard.press('Escape');
      await page.keyboard.press('?');
      await seen(page.getByRole('dialog', { name: 'Keyboard shortcuts' }));
    },
  },
  {
    name: 'no connection',
    async reach(page, server) {
      await page.keyboard.press('Escape');
      await fault(server, 'cut', { seconds: 600 });
      const connection = page.getByRole('region', { name: 'Connection' });
      await seen(connection.getByText(/next try in/).first());
      await connection.locator('.explained button').focus();
      await seen(connection.getByRole('tooltip'));
    },
  },
  {
    name: 'queued decision',
    async reach(page) {
      await review(page);
      await approve(page).click();
      await seen(page.getByText('Decision queued – connection lost').first());
    },
  },
  {
    name: 'outbox with a decision',
    async reach(page) {
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
      await page
        .getByRole('navigation', { name: 'Tools' })
        .getByRole('button', { name: /^Outbox/ })
        .click();
      await seen(page.locator('.outbox-item'));
    },
  },
  {
    name: 'sign-out with a decision unsent',
    async reach(page) {
      await page.getByRole('button', { name: 'Close Outbox' }).click();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await seen(page.getByRole('button', { name: 'Keep and sign out' }));
    },
  },
  {
    name: 'finished run',
    async reach(page, server) {
      await page.getByRole('button', { name: 'Stay' }).click();
      await fault(server, 'mend', {});
      await seen(page.locator('[data-connection="open"]'));
      await page.getByText('Decision queued – connection lost').first().waitFor({ state: 'hidden' });
      await page.getByRole('button', { name: 'Cancel run' }).click();
      await seen(page.getByRole('button', { name: 'Run again' }));
    },
  },
  {
    name: 'rejected gate, in the timeline',
    async reach(page) {
      await review(page);
      const gate = page.getByRole('dialog');
      const way = gate.getByRole('link', { name: 'Go to that run' });
      if (await way.isVisible()) await way.click();
      await laterAll(page);
      await review(page);
      await gate.getByRole('button', { name: 'Reject', exact: true }).click();
      await go(page, 'gate');
      await seen(page.locator('aside.details').getByRole('button', { name: 'Ask again' }));
      await show(page, 'Timeline');
      await seen(page.getByText('Waited for a person'));
    },
  },
  {
    name: 'no such run',
    async reach(page) {
      await page.evaluate(() => location.assign('#/nothing'));
      await seen(page.getByText('There is no such run'));
    },
  },
  {
    name: 'the promise',
    async reach(page) {
      await go(page, null, null);
      await page.locator('.welcome').getByRole('button', { name: 'Try the promise' }).click();
      await seen(page.locator('.promise[data-open="true"]'));
    },
  },
];

const approve = (page: Page): Locator =>
  page.getByRole('dialog').getByRole('button', { name: 'Approve', exact: true });

async function seen(locator: Locator): Promise<void> {
  await locator.waitFor({ timeout: HEARD_MS });
}

async function start(page: Page): Promise<void> {
  await page
    .getByRole('navigation', { name: 'Runs' })
    .getByRole('button', { name: /^Test run/ })
    .click();
  await page.waitForURL(/#\/[^/]+$/);
  await seen(approve(page));
}

/** Closes the gates that have opened by themselves; they go on waiting. */
async function laterAll(page: Page): Promise<void> {
  const later = page.getByRole('dialog').getByRole('button', { name: 'Decide later' });
  if (await later.isVisible()) await later.click();
}

async function review(page: Page): Promise<void> {
  await page.locator('.gate-banner').getByRole('button', { name: 'Review' }).click();
  await seen(approve(page));
}

async function show(page: Page, shape: string): Promise<void> {
  await page.getByRole('radio', { name: shape }).check({ force: true });
}

const runIdOf = (page: Page): string => new URL(page.url()).hash.split('/')[1] ?? '';

/** To a node of the run in view; `null`: to the run, or away from it. */
async function go(
  page: Page,
  nodeId: string | null = null,
  runId: string | null = runIdOf(page),
): Promise<void> {
  const hash = `#/${[runId, nodeId].filter((part) => part !== null).join('/')}`;
  await page.evaluate((to) => location.assign(to), hash);
}

async function fault({ url }: StateServer, name: string, body: object): Promise<void> {
  const response = await fetch(`${url}/faults/${name}`, {
    method: 'POST',
    headers: { origin: url, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`the fault "${name}" was refused: ${response.status}`);
}
