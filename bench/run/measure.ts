import type { Options } from '../arguments.ts';
import { buildPages } from './build.ts';
import { CONTENDERS } from './contenders.ts';
import { thisMachine } from './machine.ts';
import { Collector, type Results } from './results.ts';
import { SITTINGS, sit, whyNot } from './sitting.ts';

/** Every contender in turn, and the turns again in each round, so that a busy minute of the machine is nobody's. */
export async function measure({ rounds, only, contenders, quick, traceFile }: Options): Promise<Results> {
  const machine = thisMachine();
  const startedAt = new Date();
  const isAsked = (name: string) =>
    only.length === 0 || only.some((asked) => name === asked || name.startsWith(`${asked}-`));
  const sittings = SITTINGS.map((sitting) => ({
    ...sitting,
    cases: sitting.cases.filter(({ case: { name } }) => isAsked(name)),
  })).filter(({ cases }) => cases.length > 0);
  const chosen = CONTENDERS.filter(({ name }) => contenders.length === 0 || contenders.includes(name));
  if (sittings.length === 0 || chosen.length === 0) throw new Error('there is no such case, or contender');

  console.log(
    `${machine.cores} × ${machine.cpu}, ${machine.chromium}, Node ${machine.node}; building the pages`,
  );
  const pages = await buildPages(chosen.map(({ name }) => name));
  const collector = new Collector();
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const sitting of sittings) {
        for (const contender of chosen) {
          if (sitting.cases.every((asked) => whyNot(contender, asked) !== null)) continue;
          const start = performance.now();
          await sit(sitting, contender, pages, { quick, traceFile }, (asked, figures) =>
            collector.add(asked, contender.name, figures),
          );
          const seconds = ((performance.now() - start) / 1_000).toFixed(1);
          console.log(`round ${round} of ${rounds}, ${sitting.name}: ${contender.title}, ${seconds} s`);
        }
      }
    }
  } finally {
    pages.remove();
  }
  return {
    machine,
    startedAt: startedAt.toISOString(),
    minutes: (Date.now() - startedAt.getTime()) / 60_000,
    rounds,
    quick,
    rows: collector.rows,
    checked: collector.checked,
  };
}
