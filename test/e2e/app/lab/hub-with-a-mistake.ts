/** A hub whose author has misspelled a setting. */
import { startHub } from 'trunkline/worker';
import { protocol } from './protocol.ts';

const settings: object = { hartbeatMs: 15_000 };
startHub(protocol, { settings });
