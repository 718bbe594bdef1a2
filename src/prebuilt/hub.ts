/** The hub's side in one file without imports, for a worker that is copied to a public folder. */
export { startHub } from '../../worker/index.ts';
export { defineProtocol } from '../protocol/index.ts';
