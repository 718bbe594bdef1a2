import type { Mutant } from './mutant.ts';

const STORE = 'worker/browser/store/idb-store.ts';
const TRANSACTION = 'worker/browser/store/transaction.ts';
/** The simulation has a store by hand: what a browser's does, only a browser shows. */
const test = 'test/browser/worker/store.test.ts';

/** Mistakes in the store on IndexedDB. */
export const INDEXED_DB_MUTANTS: readonly Mutant[] = [
  {
    name: 'IndexedDB: a transaction that may be written yet counts as failed',
    file: TRANSACTION,
    text: "if (end === 'late') return { state: 'hanging' };",
    instead: "if (end === 'late') return { state: 'undone', why: new Error('it hangs') };",
    test,
  },
  {
    name: 'IndexedDB: what the browser aborts while it commits counts as failed',
    file: TRANSACTION,
    text: "  return { state: 'broken', why, mayBeWritten: true };\n}\n\nfunction endOf",
    instead: "  return { state: 'undone', why };\n}\n\nfunction endOf",
    test,
  },
  {
    name: 'IndexedDB: where a second try fails, the first counts as failed, too',
    file: STORE,
    text: "const isOpen = first.mayBeWritten && why.failure !== 'fenced';",
    instead: "const isOpen = first.mayBeWritten && why.failure === 'unknown';",
    test,
  },
  {
    name: 'IndexedDB: a term is raised without a look whose it is',
    file: STORE,
    text: 'if (known && this.#terms && !this.#terms.includes(known.term)) throw',
    instead: 'if (known && this.#terms?.length === 0) throw',
    test,
  },
  {
    name: 'IndexedDB: a transaction is written under any term',
    file: STORE,
    text: '    if (stored?.term === term) return stored;\n',
    instead: '    if (stored && term > 0) return stored;\n',
    test,
  },
  {
    name: 'IndexedDB: what was promised to be on the disk is written relaxed',
    file: TRANSACTION,
    text: "'readwrite', { durability });",
    instead: "'readwrite', { durability: durability === 'strict' ? 'relaxed' : durability });",
    test,
  },
  {
    name: 'IndexedDB: a connection that the browser has closed is not opened again',
    file: STORE,
    text: '    if (connection.db === db) this.#replace(connection);\n',
    instead: '    if (connection.db !== db) this.#replace(connection);\n',
    test,
  },
  {
    name: 'IndexedDB: a transaction that was given up is left to its fate',
    file: TRANSACTION,
    text: '  if (isLate) {\n    abort(tx);\n',
    instead: '  if (isLate) {\n',
    test,
  },
  {
    name: 'IndexedDB: a machine that slept is taken for a disk that hangs',
    file: 'worker/browser/store/awake.ts',
    text: 'const STEPS = 10;',
    instead: 'const STEPS = 1;',
    test,
  },
  {
    name: 'IndexedDB: rows under a former name are deleted though they were not taken over',
    file: STORE,
    text: '      former?.end(isTaken);',
    instead: '      former?.end(isTaken || former !== null);',
    test,
  },
  {
    name: 'IndexedDB: rows under a former name are put again over what came after',
    file: STORE,
    text: 'if (former && !former.isPut(found?.movedFrom)) await',
    instead: 'if (former) await',
    test,
  },
];
