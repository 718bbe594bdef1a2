import { createHooks } from 'trunkline/react';
import { protocol } from './protocol.ts';

export const { Provider, useClient, useConnection, useLatest, useOutbox, useSend } = createHooks(protocol);
