/** What a case is: which obligation it judges, what it needs of the profile, and how it finds out. */
import type { Level } from './obligation.ts';
import type { Ability, CommandName } from './profile.ts';
import type { Trial } from './trial.ts';

/** What a case takes of the profile; without it the case is not judged. */
export type Need =
  | Ability
  /** Tokens of two people. */
  | 'two people'
  /** A token that takes the server long to check. */
  | 'slow token'
  /** What the accepted command gives. */
  | 'result'
  /** A token that is not accepted. */
  | 'refused token'
  /** A version of the application that is not served. */
  | 'refused version'
  /** A topic of its own for each case: `{id}` in `topics.name`. */
  | 'own topic'
  | 'forbidden topic'
  | 'unknown topic'
  /** Events can be had: by the control interface, or by a command that publishes. */
  | 'events'
  | CommandName;

/** One obligation that is judged by doing something. */
export interface Case {
  /** Its theme and name, such as `restart/new-epoch`. */
  readonly id: string;
  readonly level: Level;
  /** Of `docs/protocol.md`, word for word. */
  readonly sentence: string;
  readonly needs?: readonly Need[];
  /** It ends the server, or fills it: nothing else may run beside it. */
  readonly alone?: true;
  /** Rejects with `Broken`, `NotJudged` or `Unkept`; any other error is a mistake of the kit or of what it stands on. */
  judge(trial: Trial): Promise<void>;
}
