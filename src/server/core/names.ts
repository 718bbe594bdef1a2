/** Which names of topics and keys there can be. */
import { isTopicName, MAX_TOPIC_LENGTH } from '../../protocol/frames/common.ts';

/** A database may give a text with one of these back as another text. */
const UNSTORABLE = /\0|\p{Surrogate}/u;
const UNSTORABLE_WORDS = 'U+0000 or half of a surrogate pair, which not every log keeps; leave it out';

/** Whether every log can keep it as it is. */
export function isStorable(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** @throws TypeError where no topic can have this name; it begins with what the application has called. */
export function checkTopic(called: string, topic: string): void {
  if (!isTopicName(topic)) {
    throw new TypeError(
      `${called}: a topic's name has 1 to ${MAX_TOPIC_LENGTH} characters, not ${[...topic].length}`,
    );
  }
  if (!isStorable(topic)) {
    throw new TypeError(`${called}: the topic ${JSON.stringify(topic)} holds ${UNSTORABLE_WORDS}`);
  }
}

/** @throws TypeError where no event can have this key; it begins with what the application has called. */
export function checkKey(called: string, key: string, about = ''): void {
  if (isStorable(key)) return;
  throw new TypeError(`${called}: the key ${JSON.stringify(key)}${about} holds ${UNSTORABLE_WORDS}`);
}
