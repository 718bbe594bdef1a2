export { type BackgroundOptions, deliverInBackground } from './browser/service-worker.ts';
