import { createBindings } from 'trunkline/svelte';
import { protocol } from './protocol.ts';

export const { provideClient, useClient, useConnection, useLatest, useOutbox, useSend } =
  createBindings(protocol);
