import { expect } from 'vitest';
import { isOpen, type Pages, type RunningApplication } from './running-application.ts';

/** In the application of `docs/bundlers.md`: what one tab sends is accepted and seen in another, which shares its hub. */
export async function sharesNotes({ site, context, end }: RunningApplication<Pages>): Promise<void> {
  try {
    const uncaught: string[] = [];
    context.on('weberror', (error) => uncaught.push(error.error().message));
    const one = await context.newPage();
    const two = await context.newPage();
    await one.goto(site.origin);
    await two.goto(site.origin);
    await isOpen(one);
    await one.getByRole('button', { name: 'Add a note' }).click();
    await two.getByText('note 1').waitFor();
    await one.reload();
    await one.getByText('note 1').waitFor();
    expect(uncaught).toEqual([]);
  } finally {
    await end();
  }
}
