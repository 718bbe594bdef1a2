/** What a stage is told of the run that it is part of. */
export interface StageContext {
  /** An empty folder, where the stage `build` leaves the packed package. */
  readonly packed: string;
}

export interface Stage {
  readonly name: string;
  command(context: StageContext): readonly string[];
  /** What it takes on a quiet machine of 2 cores, in seconds. It is ended after ten times as long. */
  readonly quietSeconds: number;
  /** Whose report tells how many tests ran; a stage without one only succeeds or fails. */
  readonly runner?: 'vitest' | 'playwright';
  readonly env?: Readonly<Record<string, string>>;
  /** It reads `dist` or the packed package: `build` comes first, also where it was not asked for. */
  readonly needsBuild?: boolean;
}

/** One group after the other; what shares a group runs at the same time. */
export type Groups = readonly (readonly Stage[])[];

const vitest = (name: string, quietSeconds: number): Stage => ({
  name,
  command: () => ['vitest', 'run', '--project', name, '--reporter=default', '--reporter=json'],
  quietSeconds,
  runner: 'vitest',
  needsBuild: true,
});
const playwright = (
  name: string,
  quietSeconds: number,
  env: Readonly<Record<string, string>> = {},
): Stage => ({
  name,
  command: () => [
    ...['playwright', 'test', '-c', 'test/e2e/playwright.config.ts', `--project=${name}`],
    '--reporter=list,json',
  ],
  quietSeconds,
  runner: 'playwright',
  env,
  needsBuild: true,
});
const simulation = (seeds: number, quietSeconds: number): Stage => ({
  name: 'simulation',
  command: () => ['node', 'test/simulation/main.ts', '--seeds', String(seeds)],
  quietSeconds,
});
const script = (name: string, quietSeconds: number, ...args: string[]): Stage => ({
  name,
  command: () => ['node', ...args],
  quietSeconds,
});

/** Whatever fits into a few minutes, in the order of what it costs. */
const START: Groups = [
  // It may have to install one.
  [script('chromium', 60, 'scripts/ensure-chromium.ts')],
  // As the one before it, by the same installer.
  [script('python', 30, 'scripts/ensure-python.ts')],
  [script('postgres', 60, 'scripts/ensure-postgres.ts')],
  [script('nats', 30, 'scripts/ensure-nats.ts')],
  [script('haproxy', 30, 'scripts/ensure-haproxy.ts')],
  [{ name: 'check', command: () => ['npm', 'run', 'check'], quietSeconds: 30 }],
  [
    {
      name: 'build',
      // Once for all that follow: it builds `dist` as well.
      command: ({ packed }) => ['npm', 'pack', '--loglevel=error', '--pack-destination', packed],
      quietSeconds: 10,
    },
  ],
  [vitest('unit', 400)],
];
const BROWSER: Groups = [[vitest('browser', 80)]];
/** On real databases. */
const CLUSTER: Groups = [
  [vitest('cluster', 150)],
  [script('cluster run', 120, 'test/cluster/run/main.ts', '--short')],
];
const PACKAGE = vitest('package', 770);
const E2E: Groups = [[playwright('e2e', 600)]];

/** `npm test`. */
export const USUAL: Groups = [
  ...START,
  [simulation(2_000, 120)],
  ...CLUSTER,
  ...BROWSER,
  // The soak mostly waits, and shows that nothing grows, however fast the machine is.
  [PACKAGE, { ...script('soak', 150, 'bench/soak/main.ts', '--short'), needsBuild: true }],
  ...E2E,
  [playwright('kills', 150)],
];

/** `npm run test:all`: the same, in forms that take hours in all, and what `npm test` leaves out. */
export const ALL: Groups = [
  ...START,
  ...CLUSTER,
  ...BROWSER,
  [PACKAGE],
  ...E2E,
  [script('mutants', 600, 'test/simulation/main.ts', '--mutants')],
  [script('mutations', 600, 'test/conformance/catch-mutations.ts')],
  [simulation(100_000, 6_000)],
  [playwright('slow-line', 700, { TRUNKLINE_SLOW_LINE: 'full' })],
  [playwright('kills', 600, { TRUNKLINE_KILLS_DECISIONS: '10000' })],
  [{ ...script('engines', 240, 'scripts/test-engines.ts'), needsBuild: true }],
  [{ ...script('soak', 1_900, 'bench/soak/main.ts', '--no-keep'), needsBuild: true }],
];
