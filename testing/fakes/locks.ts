/** Who holds which Web Lock of a made browser. */
import type { ManualClock } from './clock.ts';
import type { Lifetime } from './lifetime.ts';

interface Request {
  readonly life: Lifetime;
  readonly lock: Lock;
  readonly callback: LockGrantedCallback<unknown>;
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** The Web Locks of one browser, of which every page and worker has its own view (https://w3c.github.io/web-locks/). */
export class FakeLocks {
  readonly #clock: ManualClock;
  #held: Request[] = [];
  #queue: Request[] = [];

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  /** As somebody with this life sees them: with it all its locks and requests end. */
  of(life: Lifetime): Pick<LockManager, 'request'> {
    life.atEnd(() => {
      this.#queue = this.#queue.filter((request) => request.life !== life);
      this.#held = this.#held.filter((request) => request.life !== life);
      this.#grant();
    });
    const request = (
      name: string,
      ...rest: [LockGrantedCallback<unknown>] | [LockOptions, LockGrantedCallback<unknown>]
    ) => {
      const [options, callback] = rest.length === 1 ? [{}, rest[0]] : rest;
      return this.#request(life, name, options, callback);
    };
    return { request: request as LockManager['request'] };
  }

  #request(
    life: Lifetime,
    name: string,
    options: LockOptions,
    callback: LockGrantedCallback<unknown>,
  ): Promise<unknown> {
    const { mode = 'exclusive', signal, steal = false, ifAvailable = false } = options;
    return new Promise((resolve, reject) => {
      if (name.startsWith('-')) throw new DOMException('a name may not begin with -', 'NotSupportedError');
      if (signal?.aborted) throw signal.reason;
      const request: Request = { life, lock: { name, mode }, callback, resolve, reject };
      if (life.isDead) return;
      if (steal) {
        const robbed = this.#held.filter(({ lock }) => lock.name === name);
        this.#held = this.#held.filter((holder) => !robbed.includes(holder));
        for (const holder of robbed) {
          this.#tell(holder, () => holder.reject(new DOMException('the lock was stolen', 'AbortError')));
        }
        return this.#give(request);
      }
      const waitsBehind = this.#isBarred(request) || this.#queue.some(({ lock }) => lock.name === name);
      if (ifAvailable && waitsBehind) {
        return this.#tell(request, () => this.#settle(request, callback(null)));
      }
      this.#queue.push(request);
      signal?.addEventListener('abort', () => {
        const waits = this.#queue.includes(request);
        this.#queue = this.#queue.filter((other) => other !== request);
        if (waits) reject(signal.reason);
        this.#grant();
      });
      this.#grant();
    });
  }

  /** Everybody whose turn it is: of each name in the order of the requests. */
  #grant(): void {
    const blocked = new Set<string>();
    for (const request of [...this.#queue]) {
      const { name } = request.lock;
      if (this.#isBarred(request)) blocked.add(name);
      if (blocked.has(name)) continue;
      this.#queue = this.#queue.filter((other) => other !== request);
      this.#give(request);
    }
  }

  #isBarred({ lock: { name, mode } }: Request): boolean {
    return this.#held.some(
      ({ lock }) => lock.name === name && (mode === 'exclusive' || lock.mode === 'exclusive'),
    );
  }

  #give(request: Request): void {
    this.#held.push(request);
    this.#tell(request, () => {
      // It may have been stolen on the way; the callback is called all the same.
      try {
        this.#settle(request, request.callback(request.lock));
      } catch (error) {
        this.#settle(request, Promise.reject(error));
      }
    });
  }

  #settle(request: Request, result: unknown): void {
    const release = () => {
      if (request.life.isDead) return;
      this.#held = this.#held.filter((other) => other !== request);
      this.#grant();
    };
    Promise.resolve(result).then(
      (value) => {
        release();
        request.resolve(value);
      },
      (error) => {
        release();
        request.reject(error);
      },
    );
  }

  #tell({ life }: Request, what: () => void): void {
    this.#clock.post(this, () => life.run(what));
  }
}
