import type { FullResult, Reporter, Suite, TestCase } from '@playwright/test/reporter';

/** Ends the run with a table of what passed where, and one line that counts. */
export default class TableReporter implements Reporter {
  #suite: Suite | undefined;

  onBegin(_config: unknown, suite: Suite): void {
    this.#suite = suite;
  }

  onEnd({ status }: FullResult): void {
    const engines = this.#suite?.suites ?? [];
    const tests = engines.flatMap((engine) => engine.allTests());
    const passed = tests.filter(hasPassed).length;
    const failed = tests.length - passed;
    console.log(`\n${table(engines)}\n`);
    for (const test of tests) {
      if (!hasPassed(test)) console.log(`${test.parent.project()?.name}: ${test.title}: ${reason(test)}`);
    }
    // What fails beside all tests, as their common preparation, counts too.
    console.log(`${passed} passed, ${failed || (status === 'passed' ? 0 : 1)} failed`);
  }
}

function table(engines: readonly Suite[]): string {
  const titles = [...new Set(engines.flatMap((engine) => engine.allTests().map(({ title }) => title)))];
  const rows = [
    ['scenario', ...engines.map(browser)],
    ...titles.map((title) => [title, ...engines.map((engine) => cell(engine, title))]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function browser(engine: Suite): string {
  const told = engine.allTests().flatMap(({ annotations }) => annotations);
  return told.find(({ type }) => type === 'browser')?.description ?? `${engine.title} (did not start)`;
}

function cell(engine: Suite, title: string): string {
  const test = engine.allTests().find((candidate) => candidate.title === title);
  if (!test) return '';
  const seconds = ((test.results[0]?.duration ?? 0) / 1_000).toFixed(1);
  return `${hasPassed(test) ? 'passed' : 'FAILED'} ${seconds.padStart(5)} s`;
}

/** A skipped one has not. */
function hasPassed(test: TestCase): boolean {
  return test.outcome() === 'expected' && test.results[0]?.status === 'passed';
}

function reason(test: TestCase): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours
  const message = test.results[0]?.error?.message?.replace(/\u001b\[\d+m/g, '');
  return message?.split('\n')[0] ?? 'not run';
}
