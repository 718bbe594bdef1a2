/** Runs the cases against a server, and makes the report. */
import { randomUUID } from 'node:crypto';
import type { Case } from './case.ts';
import { Control } from './control.ts';
import { lookFirst, whyNotThere } from './first-look.ts';
import { lackingIn } from './needs.ts';
import type { Level } from './obligation.ts';
import { Broken, NotJudged, Unkept } from './outcome.ts';
import type { Profile } from './profile.ts';
import { Watch } from './rules/watch.ts';
import { select } from './selection.ts';
import { Trial, type World } from './trial.ts';

export type Verdict =
  | { readonly status: 'held' }
  /** `frames`: what crossed each socket of the case, the newest last. */
  | { readonly status: 'broken'; readonly because: string; readonly frames: readonly (readonly string[])[] }
  | { readonly status: 'not judged'; readonly because: string };

/** One obligation, and how it was kept. */
export interface Judgement {
  /** Its theme and name, such as `restart/new-epoch`. */
  readonly id: string;
  readonly level: Level;
  /** Of `docs/protocol.md`, word for word. */
  readonly sentence: string;
  readonly outcome: Verdict;
}

export interface Tally {
  readonly held: number;
  readonly broken: number;
  readonly notJudged: number;
}

export interface Report {
  readonly url: string;
  readonly judgements: readonly Judgement[];
  /** By level; `full` does not count what is in `smallest`. */
  readonly tallies: Readonly<Record<Level, Tally>>;
  /** What the profile promises and was not so when it was asked for: where the control interface failed, and how. */
  readonly failures: readonly string[];
  /** Nothing is broken, nothing has failed that the profile promises, and something of the level that was asked for was judged. */
  readonly passed: boolean;
}

export interface ConformOptions {
  /** How far to judge. @default the profile's */
  readonly level?: Level;
  /** Judges by sockets alone, whatever the profile says of a control interface. @default false */
  readonly isBlackBox?: boolean;
  /** Only the cases whose id contains one of these. @default all of them */
  readonly only?: readonly string[];
  /** Begins no further case when something is broken. @default false */
  readonly isFailFast?: boolean;
  /** Told of each case as it comes out; the rules come last. */
  readonly onJudgement?: (judgement: Judgement) => void;
}

/** Cases at the same time: most of them wait. */
const AT_ONCE = 12;
const NO_TEXT = 'no event that came holds a text where it was looked for: is `event_text` right?';

/**
 * Judges whether the server at this address keeps `trunkline.v1`. Resolves with the report whatever comes out, also where
 * the control interface fails.
 *
 * @throws TypeError where no case has one of the names in `only`; Error, before anything is judged, where nothing listens at
 * the address, and where the server turns one of the profile's people away or does not have its topic.
 */
export async function conform(url: string, profile: Profile, options: ConformOptions = {}): Promise<Report> {
  const {
    level = profile.level,
    isBlackBox = false,
    isFailFast = false,
    only,
    onJudgement = () => {},
  } = options;
  const { cases, rules, isNamed } = select(level, only);
  const { control: _, ...withoutControl } = profile;
  const judged: Profile = isBlackBox ? withoutControl : profile;
  const control = new Control(judged);
  const watch = new Watch();
  const world = { url, profile: judged, control, watch, run: randomUUID().slice(0, 8) };
  const failures = new Set<string>();
  await lookFirst(world);

  const judgements = new Map<string, Judgement>();
  const isEnough = () => isFailFast && (hasBroken(judgements.values()) || watch.hasBroken());
  const tell = ({ id, level, sentence }: Case, outcome: Verdict) => {
    const judgement = { id, level, sentence, outcome };
    judgements.set(id, judgement);
    onJudgement(judgement);
  };
  const judge = async (one: Case) => tell(one, await outcomeOf(one, new Trial(one.id, world), failures));
  const waiting = cases.filter(({ alone }) => !alone);
  const work = async () => {
    for (let next = waiting.shift(); next && !isEnough(); next = waiting.shift()) await judge(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  let isUp = true;
  for (const one of cases) {
    if (!one.alone || isEnough()) continue;
    if (isUp) {
      await judge(one);
      isUp = await isUpAgain(world, failures);
    } else tell(one, { status: 'not judged', because: 'the server could not be started again' });
  }
  const inOrder = cases.flatMap(({ id }) => judgements.get(id) ?? []);
  const ruled = rules.map(({ id, level, sentence }): Judgement => {
    const { judged: times = 0, broken = null } = watch.findings.get(id) ?? {};
    const outcome: Verdict = broken
      ? { status: 'broken', because: broken.because, frames: [broken.frames] }
      : times > 0
        ? { status: 'held' }
        : { status: 'not judged', because: 'nothing of the kind was seen' };
    return { id, level, sentence, outcome };
  });
  // What is asked for by name alone does not fail for what nobody asked about, but a broken rule is one always.
  const shown = ruled.filter((rule) => isNamed(rule) || rule.outcome.status === 'broken');
  for (const rule of shown) onJudgement(rule);
  return reportOf(url, [...inOrder, ...shown], level, [...failures]);
}

async function isUpAgain(world: World, failures: Set<string>): Promise<boolean> {
  try {
    await world.control.startAgain(async () => (await whyNotThere(world)) === null);
    return true;
  } catch (error) {
    failures.add(messageOf(error));
    return false;
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

async function outcomeOf(one: Case, trial: Trial, failures: Set<string>): Promise<Verdict> {
  const lacking = lackingIn(trial.profile, one.needs);
  if (lacking.length > 0) {
    return { status: 'not judged', because: `the profile does not offer: ${lacking.join(', ')}` };
  }
  try {
    await one.judge(trial);
    return { status: 'held' };
  } catch (error) {
    if (error instanceof Unkept) {
      failures.add(error.message);
      return { status: 'not judged', because: error.message };
    }
    if (error instanceof NotJudged) return { status: 'not judged', because: error.message };
    const told = error instanceof Broken ? error.message : `the kit itself failed: ${String(error)}`;
    const because = trial.readNoText ? `${told} (${NO_TEXT})` : told;
    return { status: 'broken', because, frames: trial.lines.map(({ transcript }) => [...transcript.lines]) };
  } finally {
    trial.end();
  }
}

function hasBroken(judgements: Iterable<Judgement>): boolean {
  return [...judgements].some(({ outcome }) => outcome.status === 'broken');
}

function reportOf(
  url: string,
  judgements: readonly Judgement[],
  level: Level,
  failures: readonly string[],
): Report {
  const tally = (of: Level): Tally => {
    const count = (status: Verdict['status']) =>
      judgements.filter((one) => one.level === of && one.outcome.status === status).length;
    return { held: count('held'), broken: count('broken'), notJudged: count('not judged') };
  };
  const tallies = { smallest: tally('smallest'), full: tally('full') };
  const held = tallies.smallest.held + (level === 'full' ? tallies.full.held : 0);
  const passed = !hasBroken(judgements) && failures.length === 0 && held > 0;
  return { url, judgements, tallies, failures, passed };
}
