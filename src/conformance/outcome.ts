/** How a case can come out other than by returning. */

/** The server did not keep what the case judges. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** The case cannot be judged here: what it takes is not there. */
export class NotJudged extends Error {
  override readonly name = 'NotJudged';
}

/** What the profile promises was not so when it was asked for: the case cannot be judged, and the server does not pass. */
export class Unkept extends Error {
  override readonly name = 'Unkept';
}

/** @throws Broken with the sentence, unless it is so. */
export function must(isSo: boolean, otherwise: string): asserts isSo {
  if (!isSo) throw new Broken(otherwise);
}
