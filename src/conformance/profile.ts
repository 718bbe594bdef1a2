/** What a server is called and can be asked for: the file that `--profile` names. */
import * as v from 'valibot';

const milliseconds = v.pipe(v.number(), v.minValue(1));
const commandTemplate = v.strictObject({
  /** The command, with `{text}` where each one's own text belongs. */
  command: v.looseObject({ type: v.string() }),
  /** It publishes one event to its topic, which holds the text. */
  publishes: v.optional(v.boolean(), false),
  /** What it gives, with `{text}` where the command's own text belongs. */
  result: v.optional(v.unknown()),
  /** Where it has a topic of its own, instead of the case's. */
  topic: v.optional(v.string()),
});

const person = v.strictObject({
  token: v.optional(v.string()),
  /** Another one, which takes the server longer to check. */
  slow_token: v.optional(v.string()),
});

const profileSchema = v.strictObject({
  level: v.optional(v.picklist(['smallest', 'full']), 'full'),
  app: v.string(),
  app_version: v.pipe(v.number(), v.integer()),
  people: v.optional(v.pipe(v.array(person), v.minLength(1)), [{}]),
  refused_token: v.optional(v.string()),
  refused_version: v.optional(v.pipe(v.number(), v.integer())),
  topics: v.strictObject({
    name: v.string(),
    forbidden: v.optional(v.string()),
    unknown: v.optional(v.string()),
  }),
  event_text: v.optional(v.string(), 'text'),
  commands: v.optional(
    v.strictObject({
      accept: v.optional(commandTemplate),
      slow: v.optional(commandTemplate),
      refuse: v.optional(commandTemplate),
      later: v.optional(commandTemplate),
    }),
    {},
  ),
  control: v.optional(
    v.strictObject({
      url: v.pipe(v.string(), v.url()),
      can: v.array(v.picklist(['publish', 'kill', 'stop', 'keep', 'lose', 'backup', 'renew', 'runs'])),
    }),
  ),
  hello_ms: v.optional(milliseconds, 10_000),
  repeat_ms: v.optional(milliseconds, 5_000),
  patience_ms: v.optional(milliseconds, 10_000),
  quiet_ms: v.optional(milliseconds, 300),
});

/** As `docs/conformance.md` describes it, with every default filled in. */
export type Profile = v.InferOutput<typeof profileSchema>;
/** As it is written: what has a default may be left out. */
export type ProfileInput = v.InferInput<typeof profileSchema>;
export type CommandName = keyof Profile['commands'];
export type CommandTemplate = v.InferOutput<typeof commandTemplate>;
export type Ability = NonNullable<Profile['control']>['can'][number];

/**
 * Reads a profile.
 *
 * @throws TypeError that names each place that is wrong, and what is expected there.
 */
export function readProfile(value: unknown): Profile {
  const result = v.safeParse(profileSchema, value);
  if (!result.success) {
    const problems = result.issues.map((issue) => `${v.getDotPath(issue) ?? 'profile'}: ${saidOf(issue)}`);
    throw new TypeError(`the profile is wrong at ${problems.join('; ')}`);
  }
  const { control, topics } = result.output;
  if (control && !['127.0.0.1', '[::1]', 'localhost'].includes(new URL(control.url).hostname)) {
    throw new TypeError('the profile is wrong at control.url: it must be on the loopback interface');
  }
  if (topics.name === '') throw new TypeError('the profile is wrong at topics.name: it is empty');
  const can = new Set(control?.can);
  if ((can.has('kill') || can.has('stop')) && !can.has('keep') && !can.has('lose')) {
    throw new TypeError(
      'the profile is wrong at control.can: what ends the server must start it again: add "keep" or "lose"',
    );
  }
  return result.output;
}

function saidOf(issue: v.InferIssue<typeof profileSchema>): string {
  if (issue.type !== 'strict_object' || !issue.path) return issue.message;
  const field = String(issue.path.at(-1)?.key);
  return issue.expected === 'never' ? `there is no field \`${field}\`` : `the field \`${field}\` is missing`;
}
