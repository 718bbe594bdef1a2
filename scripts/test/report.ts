import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** What a runner says of its tests. */
export interface Report {
  readonly passed: number;
  /** With the skipped ones: a test that does not find what it needs has failed. */
  readonly failed: number;
  /** Each test that failed, by its name, with the first lines of what went wrong, in one line. */
  readonly failures: readonly string[];
}

/** Enough for what was expected, and what was there instead. */
const FAILURE_LINES = 12;

interface VitestReport {
  readonly numPassedTests: number;
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}
interface PlaywrightReport extends PlaywrightSuite {
  readonly stats: {
    readonly expected: number;
    readonly unexpected: number;
    readonly flaky: number;
    readonly skipped: number;
  };
}
interface PlaywrightSuite {
  readonly suites?: readonly PlaywrightSuite[];
  readonly specs?: readonly {
    readonly title: string;
    readonly file: string;
    readonly line: number;
    readonly tests: readonly {
      readonly status: string;
      readonly results: readonly {
        readonly error?: { readonly message?: string; readonly location?: { readonly line: number } };
      }[];
    }[];
  }[];
}

/** Nothing of all where the runner died before it wrote its report: its exit code tells. */
export function readReport(runner: 'vitest' | 'playwright', file: string): Report {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return { passed: 0, failed: 0, failures: [] };
  }
  return runner === 'vitest' ? readVitest(JSON.parse(text)) : readPlaywright(JSON.parse(text));
}

function readVitest({ numPassedTests, numTotalTests, testResults }: VitestReport): Report {
  const failures = testResults.flatMap(({ name: path, status, message, assertionResults }) => {
    const name = relative('', path);
    const failed = assertionResults.filter((test) => test.status !== 'passed');
    // Nothing of such a file ran at all.
    if (failed.length === 0) return status === 'failed' ? [tell(name, message)] : [];
    return failed.map(({ fullName, failureMessages }) => tell(`${name} › ${fullName}`, failureMessages?.[0]));
  });
  return { passed: numPassedTests, failed: numTotalTests - numPassedTests, failures };
}

function readPlaywright(report: PlaywrightReport): Report {
  const { expected, unexpected, flaky, skipped } = report.stats;
  return { passed: expected, failed: unexpected + flaky + skipped, failures: failuresOf(report) };
}

function failuresOf({ suites = [], specs = [] }: PlaywrightSuite): string[] {
  const own = specs.flatMap(({ title, file, line, tests }) =>
    tests
      .filter(({ status }) => status !== 'expected')
      .map(({ results }) => {
        const { message, location } = results.at(-1)?.error ?? {};
        return tell(`${file}:${line} › ${title}${location ? ` (line ${location.line})` : ''}`, message);
      }),
  );
  return [...own, ...suites.flatMap(failuresOf)];
}

function tell(name: string, message = 'it was skipped'): string {
  const lines = stripVTControlCharacters(message)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return `${name}: ${lines.slice(0, FAILURE_LINES).join(' | ')}`;
}
