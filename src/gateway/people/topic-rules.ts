/**
 * Who may read and write which topics, by patterns over claims, such as `runs/{claims.org}/*`. A pattern is compared segment by
 * segment; one segment holds at most one `*` or one `{…}`, so that neither can reach into the text of the other.
 */
import type { Claims } from '../../server/types.ts';

export type Action = 'read' | 'write';
export interface TopicRule {
  readonly segments: readonly Segment[];
  readonly actions: readonly Action[];
}

/** What stands before and behind the one part that is open. */
interface Around {
  readonly before: string;
  readonly behind: string;
}
type Segment =
  | { readonly kind: 'text'; readonly text: string }
  /** Any text, which is not empty. */
  | ({ readonly kind: 'any' } & Around)
  | ({ readonly kind: 'claim'; readonly path: readonly string[] } & Around)
  | ({ readonly kind: 'principal' } & Around);

/** What no pattern takes from a person: with it the value would be more, or something else, than one name. */
const UNSAFE = /[/*{}]/;
const CLAIM = /^claims((?:\.[\w-]+)+)$/;

/** @throws TypeError that says what is wrong with the pattern. */
export function readRule(pattern: string, actions: readonly Action[]): TopicRule {
  return { segments: pattern.split('/').map((text) => readSegment(pattern, text)), actions };
}

function readSegment(pattern: string, text: string): Segment {
  const complain = (why: string) => new TypeError(`the topic pattern ${JSON.stringify(pattern)}: ${why}`);
  if (text === '') throw complain('a segment between two `/` is empty');
  const [part, ...others] = text.match(/\*|\{[^}]*\}?|\}/g) ?? [];
  if (part === undefined) return { kind: 'text', text };
  if (others.length > 0) {
    throw complain(
      `${JSON.stringify(text)} has more than one of \`*\` and \`{…}\`; put a \`/\` between them`,
    );
  }
  const place = text.indexOf(part);
  const around = { before: text.slice(0, place), behind: text.slice(place + part.length) };
  if (part === '*') return { kind: 'any', ...around };
  if (part === '{principal}') return { kind: 'principal', ...around };
  const [, path] = CLAIM.exec(part.slice(1, -1)) ?? [];
  if (path === undefined || !part.endsWith('}')) {
    throw complain(`${part} is neither {principal} nor a claim such as {claims.org}`);
  }
  return { kind: 'claim', path: path.slice(1).split('.'), ...around };
}

export function allows(
  rules: readonly TopicRule[],
  person: { readonly principal: string; readonly claims: Claims },
  topic: string,
  action: Action,
): boolean {
  const names = topic.split('/');
  return rules.some(
    ({ segments, actions }) =>
      actions.includes(action) &&
      segments.length === names.length &&
      segments.every((segment, place) => fits(segment, names[place] ?? '', person)),
  );
}

function fits(
  segment: Segment,
  name: string,
  { principal, claims }: { readonly principal: string; readonly claims: Claims },
): boolean {
  switch (segment.kind) {
    case 'text':
      return name === segment.text;
    case 'any': {
      const { before, behind } = segment;
      return name.length > before.length + behind.length && name.startsWith(before) && name.endsWith(behind);
    }
    case 'principal':
      return isOne(segment, name, principal);
    case 'claim':
      return isOne(segment, name, claimAt(claims, segment.path));
  }
}

function isOne({ before, behind }: Around, name: string, value: unknown): boolean {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string' || text === '' || UNSAFE.test(text)) return false;
  return name === `${before}${text}${behind}`;
}

function claimAt(claims: Claims, path: readonly string[]): unknown {
  let value: unknown = claims;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Claims)[name];
  }
  return value;
}
