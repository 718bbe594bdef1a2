import { interpretEvent, type Typed } from '../../protocol/interpret.ts';
import { whereJsonDiffers } from '../../protocol/json.ts';
import type { AnyProtocol } from '../../protocol/types.ts';
import { byteLength } from './bytes.ts';
import type { Publication } from './writer.ts';

const TOPIC_LENGTH_LIMIT = 1_024;

/**
 * Judges an event that the application publishes: what travels is the schema's input.
 * @throws TypeError that says what is wrong with it.
 */
export function publicationOf(
  protocol: AnyProtocol,
  topic: string,
  input: Typed,
  maxEventBytes: number,
): Publication {
  if (topic.length === 0 || topic.length > TOPIC_LENGTH_LIMIT) {
    throw new TypeError(
      `publish: a topic's name has 1 to ${TOPIC_LENGTH_LIMIT} characters, not ${topic.length}`,
    );
  }
  const differs = whereJsonDiffers(input, 'event');
  if (differs !== null) {
    throw new TypeError(
      `publish: ${input.type}: JSON would change ${differs}; publish what the schema takes, as JSON`,
    );
  }
  const interpreted = interpretEvent(protocol, input);
  if (!interpreted.ok) throw new TypeError(`publish: ${interpreted.message}`);
  const event = JSON.stringify(input);
  const bytes = byteLength(event);
  if (bytes > maxEventBytes) {
    throw new TypeError(
      `publish: ${input.type} for topic ${JSON.stringify(topic)} is ${bytes} bytes, more than limits.maxEventBytes (${maxEventBytes})`,
    );
  }
  const { key, gone, critical } = interpreted;
  return { topic, key, gone, critical, event };
}
