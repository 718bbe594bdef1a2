import type { Mutant } from './mutant.ts';

const KEPT = 'worker/core/saved-state/kept-states.ts';
const WAY_BACK = 'worker/core/saved-state/way-back.ts';
const STORE = 'worker/browser/store/idb-state-store.ts';
const STATE = 'test/unit/core/saved-state.test.ts';
const OWNER = 'test/unit/core/saved-state-owner.test.ts';
const BOUNDS = 'test/unit/core/saved-state-bounds.test.ts';
const RETURN = 'test/unit/core/saved-state-return.test.ts';
const PLAIN = 'test/unit/core/saved-state-plain.test.ts';
const IN_BROWSER = 'test/browser/worker/state-store.test.ts';

/** Mistakes in what is kept on the device: those without a test of their own are seen by who reads the rows in the simulation. */
export const SAVED_STATE_MUTANTS: readonly Mutant[] = [
  {
    name: 'last known state: a tombstone leaves what its key was',
    file: KEPT,
    text: 'if (key != null) topic.drop(key);',
    instead: 'if (key != null && !read?.gone) topic.drop(key);',
  },
  {
    name: 'last known state: an offset is written ahead of its rows',
    file: 'worker/core/saved-state/kept-topic.ts',
    text: 'const put = slots.map(',
    instead: 'const put = slots.slice(1).map(',
  },
  {
    name: 'last known state: a new state leaves rows that it does not have',
    file: 'worker/core/saved-state/kept-topic.ts',
    text: 'if (!items.has(slot)) this.drop(slot);',
    instead: 'if (!items.has(slot) && epoch !== this.#head.epoch) this.drop(slot);',
  },
  {
    name: 'last known state: an event that is not kept leaves what its key was',
    file: KEPT,
    text: 'if (key != null) topic.drop(key);',
    instead: 'if (key != null && isPersistent(this.#context.protocol, event.type)) topic.drop(key);',
    test: STATE,
  },
  {
    name: 'last known state: a page that has something newer is shown it',
    file: 'worker/core/topics/reader.ts',
    text: 'return standing.at === null && this.#topic.saved !== null',
    instead: 'return this.#topic.saved !== null',
    test: STATE,
  },
  {
    name: 'last known state: a page is thrown back to it',
    file: 'src/client/feed.ts',
    text: '    if (this.#position) return;\n    this.#savedParts',
    instead: '    this.#savedParts',
    test: 'test/unit/client/topic-saved.test.ts',
  },
  {
    name: 'last known state: it is shown before the outbox says whose it is',
    file: 'worker/core/hub-machine.ts',
    text: 'if (!this.#writer.wasRead || this.#role.state',
    instead: 'if (this.#role.state',
    also: {
      file: 'worker/core/hub-machine.ts',
      text: '    this.#identity.adoptFresh();\n    this.#own(0);',
      instead: '    this.#identity.adoptFresh();\n    this.#own(0);\n    this.#keepStates();',
    },
    test: OWNER,
  },
  {
    name: 'last known state: a sign-out is over before it is gone',
    file: 'worker/core/sign-out.ts',
    text: '    this.#underWay += 2;\n    this.#owner.asked(() => this.#over());',
    instead: '    this.#underWay++;\n    this.#owner.asked(() => {});',
    test: OWNER,
  },
  {
    name: 'last known state: a topic that is refused stays',
    file: 'worker/core/topics/topic.ts',
    text: '    this.#savedStates.forget(this.name);\n',
    instead: '',
    test: OWNER,
  },
  {
    name: 'last known state: of a refused topic a page goes on showing it',
    file: 'worker/core/topics/reader.ts',
    text: '    this.#isVoid = true;\n',
    instead: '',
    test: OWNER,
  },
  {
    name: 'last known state: of somebody else a page goes on showing a topic that was let go of',
    file: 'worker/core/topics/topics.ts',
    text: '    for (const name of this.#cursors.keys()) this.#void.add(name);\n',
    instead: '',
    test: OWNER,
  },
  {
    name: 'last known state: of somebody else a page goes on showing what nobody listens to',
    file: 'src/client/create-client.ts',
    text: "    if (closed === 'identity_mismatch') forgetShown();\n",
    instead: '',
    test: 'test/unit/client/topic-saved.test.ts',
  },
  {
    name: 'last known state: a critical event is lost with a refused topic',
    file: 'worker/core/topics/topic.ts',
    text: '    this.#goBackToOwed();\n',
    instead: '',
    test: OWNER,
  },
  {
    name: 'last known state: it stays where a command finds the disk full',
    file: 'worker/core/hub-machine.ts',
    text: "if (input.failure === 'full') this.#savedStates?.end();",
    instead: '',
    test: BOUNDS,
  },
  {
    name: 'last known state: a return skips what lies between the pages’ place and the state',
    file: WAY_BACK,
    text: 'const lower = offset < head.offset ? this.#credited :',
    instead: 'const lower = offset < 0 ? this.#credited :',
    test: RETURN,
  },
  {
    name: 'last known state: a return gives again what pages had',
    file: WAY_BACK,
    text: 'if (isMissed(item, this.#credited)) this.#missed',
    instead: 'if (item) this.#missed',
    test: RETURN,
  },
  {
    name: 'last known state: a return does not notice a hole',
    file: WAY_BACK,
    text: '(frame.prev ?? offset - 1) !== this.#at.offset || this.#isOther',
    instead: 'this.#isOther',
    test: RETURN,
  },
  {
    name: 'last known state: a return to another history keeps what was kept of the former one',
    file: WAY_BACK,
    text: ' || this.#isOther(offset, ts)',
    instead: '',
    test: RETURN,
  },
  {
    name: 'last known state: a return goes on from a state of which something is not kept',
    file: KEPT,
    text: 'return isAll === true && agoMs',
    instead: 'return isAll !== undefined && agoMs',
    test: RETURN,
  },
  {
    name: 'last known state: what a plain server says before it was read is lost',
    file: 'worker/core/dialect/plain-topic.ts',
    text: '    this.#early.push(event);\n',
    instead: '',
    test: PLAIN,
  },
  {
    name: 'last known state: of a plain server what could not be read is written over',
    file: KEPT,
    text: 'if (isLeft) this.#leaveOut(name);',
    instead: 'if (isLeft) topic?.doubt();',
    test: PLAIN,
  },
  {
    name: 'IndexedDB: the last known state of somebody else is read',
    file: STORE,
    text: 'if (!former || !isSameOwner(former, meta)) await table.clear();',
    instead: '',
    test: IN_BROWSER,
  },
  {
    name: 'IndexedDB: the last known state is taken from a later hub',
    file: STORE,
    text: 'if (isLater(former?.ownership, meta.ownership)) throw',
    instead: 'if (isLater(former?.ownership, undefined)) throw',
    test: IN_BROWSER,
  },
  {
    name: 'last known state: a hub that was superseded takes it back when its store works again',
    file: 'worker/core/hub-machine.ts',
    text: '      ownership: { clientId, term: this.#role.term },\n',
    instead: '',
    test: OWNER,
  },
  {
    name: 'IndexedDB: a hub that was superseded writes into the last known state',
    file: STORE,
    text: 'if (Object(meta).writer !== writer) throw',
    instead: 'if (Object(meta).writer === undefined) throw',
    test: IN_BROWSER,
  },
];
