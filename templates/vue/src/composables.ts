import { createComposables } from 'trunkline/vue';
import { protocol } from './protocol.ts';

export const { provideClient, useClient, useConnection, useLatest, useOutbox, useSend } =
  createComposables(protocol);
