import { BACKGROUND_MUTANTS } from './background.ts';
import { HUB_MUTANTS } from './hub.ts';
import { INDEXED_DB_MUTANTS } from './indexed-db.ts';
import type { Mutant } from './mutant.ts';
import { ONE_TAB_MUTANTS } from './one-tab.ts';
import { OUTBOX_MUTANTS } from './outbox.ts';
import { PAGE_MUTANTS } from './page.ts';
import { REPLICATED_MUTANTS } from './replicated.ts';
import { SAVED_STATE_MUTANTS } from './saved-state.ts';
import { SENDING_MUTANTS } from './sending.ts';
import { SERVER_MUTANTS } from './server.ts';
import { SHELL_MUTANTS } from './shell.ts';
import { STORING_MUTANTS } from './storing.ts';
import { TOPICS_MUTANTS } from './topics.ts';

/** Each must be caught by the simulation, or by the test that it names: what both let through, nobody tests. */
export const MUTANTS: readonly Mutant[] = [
  ...SENDING_MUTANTS,
  ...ONE_TAB_MUTANTS,
  ...OUTBOX_MUTANTS,
  ...STORING_MUTANTS,
  ...INDEXED_DB_MUTANTS,
  ...HUB_MUTANTS,
  ...TOPICS_MUTANTS,
  ...SAVED_STATE_MUTANTS,
  ...SHELL_MUTANTS,
  ...BACKGROUND_MUTANTS,
  ...PAGE_MUTANTS,
  ...SERVER_MUTANTS,
  ...REPLICATED_MUTANTS,
];
