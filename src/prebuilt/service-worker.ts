/** The service worker's part in one file without imports, for a service worker that no bundler builds. */
export { deliverInBackground } from '../../worker/service-worker.ts';
export { defineProtocol } from '../protocol/index.ts';
