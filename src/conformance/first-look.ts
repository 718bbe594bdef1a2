/** Before anything is judged: whether a server is there, lets in whom the profile names, and has the topic. */
import type { ServerFrame, ServerFrameOf } from '../protocol/frames/index.ts';
import type { Line } from './line.ts';
import { Broken } from './outcome.ts';
import { Watch } from './rules/watch.ts';
import { Trial, type World } from './trial.ts';

/** One of the profile's people, and by which of their tokens. */
interface Who {
  readonly person: number;
  readonly field: 'token' | 'slow_token';
}

/** By the code of the `goodbye` or `error`; any other one says something of the server, and the cases judge that. */
const DOUBTS: Readonly<Record<string, (who: Who) => string>> = {
  unauthorized: ({ person, field }) => `is \`people[${person}].${field}\` right?`,
  unsupported: () => 'are `app` and `app_version` right?',
  unknown_topic: () => 'is `topics.name` right?',
  forbidden: ({ person }) => `are \`topics.name\` and \`people[${person}]\` right?`,
};

/** `null` where the server takes a connection. */
export async function whyNotThere(world: World): Promise<string | null> {
  const look = async (trial: Trial) => {
    const { isClosed, transcript } = await trial.socket();
    return isClosed ? transcript.lines.map((line) => line.replace('· ', '')).join('; ') : null;
  };
  return await withTrial(world, look, ({ message }) => message);
}

/** @throws Error that says what is not there, and which field of the profile may be wrong. */
export async function lookFirst(world: World): Promise<void> {
  const whyNot = await whyNotThere(world);
  if (whyNot !== null) throw new Error(`no server of trunkline.v1 at ${world.url}: ${whyNot}`);
  const everybody = world.profile.people.flatMap(({ slow_token }, person): Who[] => [
    { person, field: 'token' },
    ...(slow_token === undefined ? [] : [{ person, field: 'slow_token' as const }]),
  ]);
  for (const who of everybody) {
    // What else is not as it must be, the cases find out, and judge.
    const doubt = await withTrial(
      world,
      async (trial) => await doubtAbout(trial, who),
      () => null,
    );
    if (doubt !== null) throw new Error(doubt);
  }
}

async function doubtAbout(trial: Trial, who: Who): Promise<string | null> {
  const { person, field } = who;
  const token = trial.profile.people[person]?.[field];
  const line = await trial.socket();
  line.send(trial.hello({ person, ...(token !== undefined && { token }) }));
  const first = await anyOf(line, 'welcome', 'goodbye');
  if (first?.type === 'goodbye') {
    return inDoubt(
      `the server turned person ${person + 1} away: ${first.code} (${first.message})`,
      first.code,
      who,
    );
  }
  if (first === null) return null;
  const { topic } = trial;
  line.send({ type: 'subscribe', topic, ref: line.nextRef() });
  const answer = await anyOf(line, 'subscribed', 'error');
  if (answer?.type !== 'error') return null;
  const { code, message } = answer;
  const told = `topic ${topic} was answered by \`error\` ${code} (${message}) to person ${person + 1}`;
  return inDoubt(told, code, who);
}

function inDoubt(told: string, code: string, who: Who): string | null {
  const doubt = Object.hasOwn(DOUBTS, code) ? DOUBTS[code]?.(who) : undefined;
  return doubt === undefined ? null : `${told}; ${doubt}`;
}

/** `null` where the connection ended instead. */
async function anyOf<T extends ServerFrame['type']>(
  line: Line,
  ...types: readonly T[]
): Promise<ServerFrameOf[T] | null> {
  const found = () => types.flatMap((type) => line.all(type))[0];
  await line.untilSeen(() => line.isClosed || found() !== undefined, types.join(' or '));
  return found() ?? null;
}

async function withTrial(
  world: World,
  look: (trial: Trial) => Promise<string | null>,
  otherwise: (broken: Broken) => string | null,
): Promise<string | null> {
  const trial = new Trial('the first look', { ...world, watch: new Watch() });
  try {
    return await look(trial);
  } catch (error) {
    if (error instanceof Broken) return otherwise(error);
    throw error;
  } finally {
    trial.end();
  }
}
