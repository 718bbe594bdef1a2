import { readFileSync } from 'node:fs';

export interface Counts {
  passed: number;
  /** With the skipped ones: a test that does not find what it needs has failed. */
  failed: number;
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numTotalTests: number;
}
interface PlaywrightReport {
  readonly stats: {
    readonly expected: number;
    readonly unexpected: number;
    readonly flaky: number;
    readonly skipped: number;
  };
}

/** Zero of both where the runner died before it wrote its report: its exit code tells. */
export function readCounts(runner: 'vitest' | 'playwright', file: string): Counts {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return { passed: 0, failed: 0 };
  }
  if (runner === 'vitest') {
    const { numPassedTests, numTotalTests } = JSON.parse(text) as VitestReport;
    return { passed: numPassedTests, failed: numTotalTests - numPassedTests };
  }
  const { expected, unexpected, flaky, skipped } = (JSON.parse(text) as PlaywrightReport).stats;
  return { passed: expected, failed: unexpected + flaky + skipped };
}
