import type { Options } from '../arguments.ts';
import { type BuiltPages, buildPages, NOTHING_BUILT } from './build.ts';
import { CONTENDERS, type ContenderInfo, OWN } from './contenders.ts';
import { buildFormerPackage } from './former-package.ts';
import { type Machine, thisMachine } from './machine.ts';
import { Collector, type Results, type Row } from './results.ts';
import { casesOf, type Entrant, playRounds, type Skipped, withCases } from './rounds.ts';
import { SITTINGS, type Sitting, whyNot } from './sittings.ts';

/** Every contender beside the others. */
export async function measure(options: Options): Promise<Results> {
  const machine = begin();
  const startedAt = new Date();
  const { sittings, contenders } = whatIsAsked(options, CONTENDERS, SITTINGS);
  const needsBuild = sittings.some((sitting) => sitting.in !== 'a database');
  const built = needsBuild ? await buildPages(namesOfPages(sittings, contenders)) : NOTHING_BUILT;
  const collector = new Collector();
  try {
    const entrants = contenders.map((contender) => entrantOf(contender, built));
    await playRounds(sittings, entrants, options, collector);
  } finally {
    built.remove();
  }
  return {
    machine,
    startedAt: startedAt.toISOString(),
    minutes: (Date.now() - startedAt.getTime()) / 60_000,
    rounds: options.rounds,
    quick: options.quick,
    rows: collector.rows,
    checked: collector.checked,
  };
}

/** What today's build reached, and what the former did in the same turns. */
export interface Compared {
  readonly commit: string;
  readonly contenders: readonly ContenderInfo[];
  readonly today: readonly Row[];
  readonly former: readonly Row[];
  readonly skipped: readonly Skipped[];
}

/** Today's build against the one of an earlier commit, which takes its turns before and after it. */
export async function measureAgainst(ref: string, options: Options): Promise<Compared> {
  begin();
  // What runs in this process is of today's sources.
  const ofBuilds = SITTINGS.filter((sitting) => sitting.in !== 'a database');
  const { sittings, contenders } = whatIsAsked(options, OWN, ofBuilds);
  const names = namesOfPages(sittings, contenders);
  await using defer = new AsyncDisposableStack();
  const former = buildFormerPackage(ref);
  defer.defer(() => former.remove());
  const today = await buildPages(names);
  defer.defer(() => today.remove());
  const before = await buildPages(names, { tarball: former.tarball, toleratesFailure: true });
  defer.defer(() => before.remove());
  const built = contenders.filter(({ name }) => !before.failed.has(name));
  const collector = new Collector();
  const atFormer = (name: string) => `${name} at ${former.commit}`;
  const entrants = built.flatMap((contender): Entrant[] => [
    entrantOf(contender, today),
    {
      contender,
      name: atFormer(contender.name),
      title: atFormer(contender.title),
      built: before,
      mayFail: true,
    },
  ]);
  const skipped = await playRounds(sittings, entrants, options, collector);
  const formerNames = new Set(built.map(({ name }) => atFormer(name)));
  return {
    commit: former.commit,
    contenders: built,
    today: collector.rows.filter(({ contender }) => !formerNames.has(contender)),
    former: collector.rows
      .filter(({ contender }) => formerNames.has(contender))
      .map((row) => ({ ...row, contender: row.contender.slice(0, -` at ${former.commit}`.length) })),
    skipped: [
      ...[...before.failed].map(([contender, why]) => ({ case: 'all cases', contender, why })),
      ...skipped,
    ],
  };
}

function begin(): Machine {
  const machine = thisMachine();
  const { cores, cpu, chromium, node } = machine;
  console.log(`${cores} × ${cpu}, ${chromium}, Node ${node}; building the pages`);
  return machine;
}

/** @throws Error where nothing is left to ask, or nobody to be asked */
function whatIsAsked({ only, contenders }: Options, all: readonly ContenderInfo[], of: readonly Sitting[]) {
  const isAsked = (name: string) =>
    only.length === 0 || only.some((asked) => name === asked || name.startsWith(`${asked}-`));
  const chosen = all.filter(({ name }) => contenders.length === 0 || contenders.includes(name));
  const sittings = of
    .map((sitting) =>
      withCases(
        sitting,
        casesOf(sitting).filter(({ case: { name } }) => isAsked(name)),
      ),
    )
    .filter((sitting) => chosen.some((contender) => isFor(sitting, contender)));
  const asked = chosen.filter((contender) => sittings.some((sitting) => isFor(sitting, contender)));
  if (asked.length === 0) throw new Error('there is no such case, or contender');
  return { sittings, contenders: asked };
}

function isFor(sitting: Sitting, contender: ContenderInfo): boolean {
  return casesOf(sitting).some((asked) => whyNot(contender, asked) === null);
}

/** Of those that are asked something in a browser. */
function namesOfPages(sittings: readonly Sitting[], contenders: readonly ContenderInfo[]): string[] {
  const inBrowser = sittings.filter((sitting) => sitting.in !== 'no browser' && sitting.in !== 'a database');
  return contenders
    .filter((contender) => inBrowser.some((sitting) => isFor(sitting, contender)))
    .map(({ name }) => name);
}

function entrantOf(contender: ContenderInfo, built: BuiltPages): Entrant {
  return { contender, name: contender.name, title: contender.title, built, mayFail: false };
}
