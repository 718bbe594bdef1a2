/** `npm run size`: what the built package costs an application, and whether that is within the limits. */
import { resolve } from 'node:path';
import { measurePeers, measureSizes } from './size/measure.ts';

const sizes = await measureSizes(resolve(import.meta.dirname, '../dist'));
const kilobytes = (bytes: number) => `${(bytes / 1_000).toFixed(2)} kB`;
for (const { part, bundler, bytes, limitBytes, goalBytes } of sizes) {
  const verdict = bytes <= limitBytes ? 'ok' : 'TOO LARGE';
  console.log(
    `${part.padEnd(56)} ${bundler.padEnd(8)} ${kilobytes(bytes).padStart(9)} of ${kilobytes(limitBytes)}  ${verdict}; the goal is ${kilobytes(goalBytes)}`,
  );
}
console.log('\nwhat one would take instead:');
for (const { part, bundler, bytes } of await measurePeers(resolve(import.meta.dirname, '..'))) {
  console.log(`${part.padEnd(56)} ${bundler.padEnd(8)} ${kilobytes(bytes).padStart(9)}`);
}
if (sizes.some(({ bytes, limitBytes }) => bytes > limitBytes)) process.exitCode = 1;
