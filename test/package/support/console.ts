/** What the guide's console must do, whatever it is made with. */
import { expect } from 'vitest';
import { built, runApplication } from './running-application.ts';

/** Its gate is approved while there is no server; that survives a reload, and arrives. `page`: its script. */
export async function approveWithoutServer(
  files: ReadonlyMap<string, string>,
  folder: string,
  page: string,
): Promise<void> {
  const application = await runApplication(files, folder, built(), (text) =>
    text.replace('src="./page.ts"', `src="${page}"`),
  );
  const { site, context, startServer, killServer, end } = application;
  try {
    const one = await context.newPage();
    const two = await context.newPage();
    await one.goto(site.origin);
    await two.goto(site.origin);
    await two.getByText('deploy: waiting').waitFor();
    await killServer();
    await one.getByText('Line: closed').waitFor();
    await one.getByRole('button', { name: 'Approve deploy' }).click();
    await two.getByText('decide: queued').waitFor();
    await one.reload();
    await one.getByText('decide: queued').waitFor();
    startServer();
    await one.getByText('deploy: approved').waitFor();
    await two.getByText('deploy: approved').waitFor();
    await two.getByText('decide:').waitFor({ state: 'detached' });
    expect(site.violations).toEqual([]);
  } finally {
    await end();
  }
}
