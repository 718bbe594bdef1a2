/** Which events an application may publish, and as what they travel. */
import type { Typed } from '../../protocol/interpret.ts';
import { whereJsonDiffers } from '../../protocol/json.ts';
import type { Application, EventTraits } from './application.ts';
import { byteLength } from './bytes.ts';
import { checkKey, checkTopic } from './names.ts';
import type { Publication } from './writer.ts';

/** Under the key of a publication another one was published, in the last 24 hours. Nothing was published. */
export class PublicationKeyReused extends Error {
  constructor() {
    super('publish: something else was published under this key');
  }
}

/** Of the last 24 hours as many are remembered as may be. Nothing was published. */
export class TooManyPublicationNames extends Error {
  constructor(names: number) {
    super(
      `publish: ${names} names of publications of the last 24 hours are remembered, and no more: publish more events under each, or without a name`,
    );
  }
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
  checkTopic('publish', topic);
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
  if (key !== null) checkKey('publish', key, ` of ${input.type}`);
  return { topic, key, gone, critical, event };
}
