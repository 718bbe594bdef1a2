/** Finds a Python that runs the servers in `docs/examples`, or makes one. `npm test` begins with it. */
import { ensurePython } from './python.ts';

const found = ensurePython();
console.log(
  `python: ${found ?? 'none that has the package `websockets`, and none could be made: the servers in docs/examples are not checked'}`,
);
