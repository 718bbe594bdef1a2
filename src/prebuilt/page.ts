/** A page's side in one file without imports, for pages that no bundler builds. */
export { createClient, TrunklineError } from '../index.ts';
export { defineProtocol } from '../protocol/index.ts';
