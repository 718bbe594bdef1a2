/** In a file, the text, found exactly once, and what is there instead. */
export interface Edit {
  readonly file: string;
  readonly text: string;
  readonly instead: string;
}

/** One mistake that somebody might make; `also`: where a second guard stands behind the first, it goes as well. */
export interface Mutant extends Edit {
  readonly name: string;
  readonly also?: Edit;
  /** The test that catches it where the simulation cannot: why is in that test. */
  readonly test?: string;
}

export function editsOf({ file, text, instead, also }: Mutant): readonly Edit[] {
  return [{ file, text, instead }, ...(also ? [also] : [])];
}
