/** What the components here call. */
import { createBindings } from '../../../src/svelte/index.ts';
import { protocol } from '../client/support/protocol.ts';

export const {
  provideClient,
  useClient,
  useConnection,
  useEvent,
  useLatest,
  useNow,
  useOutbox,
  usePending,
  useSend,
  useStatus,
  useView,
} = createBindings(protocol);
