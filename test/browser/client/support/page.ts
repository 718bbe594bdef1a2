/** The script of a tab: what the test does there, it does by the tab's own module, window and locks. */
import { createClient } from '../../../../src/index.ts';
import { protocol } from './protocol.ts';

declare global {
  interface Window {
    trunkline?: { createClient: typeof createClient; protocol: typeof protocol };
  }
}
window.trunkline = { createClient, protocol };
