/** Whoever is asked about people gave no clear answer. It is told already, as an incident of theirs. */
import type { Problem } from '../backend/problem.ts';

export class Unanswered extends Error {
  override readonly name = 'Unanswered';

  constructor({ message }: Problem) {
    super(message);
  }
}
