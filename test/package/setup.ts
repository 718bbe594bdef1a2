import type { TestProject } from 'vitest/node';
import { type Consumer, createConsumer, removeConsumer } from './support/consumer.ts';

declare module 'vitest' {
  interface ProvidedContext {
    consumer: Consumer;
  }
}

/** Packs the package and installs it into a throw-away application, once for all tests. */
export default function setup(project: TestProject): () => void {
  const consumer = createConsumer();
  project.provide('consumer', consumer);
  return () => removeConsumer(consumer);
}
