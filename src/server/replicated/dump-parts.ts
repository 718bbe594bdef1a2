/** A dump's lines as parts of a size that an engine takes, and back. */

/** Of a part, in UTF-16 code units; each has at most three bytes in UTF-8. What is done at once for a dump is one part. */
const PART_LENGTH = 256 * 1_024;
const BYTES_OF_UNIT = 3;

/** For an engine that takes so many bytes. */
export function partLength(maxBytes: number): number {
  return Math.min(PART_LENGTH, Math.floor(maxBytes / BYTES_OF_UNIT));
}

/** Parts of at most so many UTF-16 code units, none of which ends within a character. */
export function* partsOf(lines: Iterable<string>, maxLength: number): Generator<string> {
  let rest = '';
  for (const line of lines) {
    rest += `${line}\n`;
    while (rest.length > maxLength) {
      const end = isWithinCharacter(rest, maxLength) ? maxLength - 1 : maxLength;
      yield rest.slice(0, end);
      rest = rest.slice(end);
    }
  }
  if (rest !== '') yield rest;
}

/** What is behind the last line's end is a line as well: of a dump that was cut off. */
export function* linesOf(parts: Iterable<string>): Generator<string> {
  let rest = '';
  for (const part of parts) {
    const [first = '', ...more] = part.split('\n');
    rest += first;
    for (const line of more) {
      yield rest;
      rest = line;
    }
  }
  if (rest !== '') yield rest;
}

function isWithinCharacter(text: string, index: number): boolean {
  const unit = text.charCodeAt(index - 1);
  return unit >= 0xd800 && unit <= 0xdbff;
}
