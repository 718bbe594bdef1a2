/** Which events an application may publish, and as what they travel. */
import { isTopicName, MAX_TOPIC_LENGTH } from '../../protocol/frames/common.ts';
import type { Typed } from '../../protocol/interpret.ts';
import { whereJsonDiffers } from '../../protocol/json.ts';
import type { Application, EventTraits } from './application.ts';
import { byteLength } from './bytes.ts';
import type { Publication } from './writer.ts';

/** A database may give a text with one of these back as another text. */
const UNSTORABLE = /\0|\p{Surrogate}/u;
const UNSTORABLE_WORDS = 'U+0000 or half of a surrogate pair, which not every log keeps; leave it out';

/** Whether every log can keep it as it is. */
export function isStorable(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** An event that the application publishes. */
export interface Publishing extends EventTraits {
  readonly topic: string;
  readonly event: Typed;
}

/**
 * Judges an event that the application publishes: what travels is the schema's input.
 * @throws TypeError that says what is wrong with it.
 */
export function publicationOf(
  application: Application,
  { topic, event: input, ...traits }: Publishing,
  maxEventBytes: number,
): Publication {
  if (!isTopicName(topic)) {
    throw new TypeError(
      `publish: a topic's name has 1 to ${MAX_TOPIC_LENGTH} characters, not ${[...topic].length}`,
    );
  }
  if (!isStorable(topic)) {
    throw new TypeError(`publish: the topic ${JSON.stringify(topic)} holds ${UNSTORABLE_WORDS}`);
  }
  const differs = whereJsonDiffers(input, 'event');
  if (differs !== null) {
    throw new TypeError(
      `publish: ${input.type}: JSON would change ${differs}; publish what the schema takes, as JSON`,
    );
  }
  const interpreted = application.interpretEvent(input, traits);
  if (!interpreted.ok) throw new TypeError(`publish: ${interpreted.message}`);
  const event = JSON.stringify(input);
  const bytes = byteLength(event);
  if (bytes > maxEventBytes) {
    throw new TypeError(
      `publish: ${input.type} for topic ${JSON.stringify(topic)} is ${bytes} bytes, more than limits.maxEventBytes (${maxEventBytes})`,
    );
  }
  const { key, gone, critical } = interpreted;
  if (key !== null && !isStorable(key)) {
    throw new TypeError(`publish: the key ${JSON.stringify(key)} of ${input.type} holds ${UNSTORABLE_WORDS}`);
  }
  return { topic, key, gone, critical, event };
}
