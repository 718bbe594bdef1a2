import { PostgresServer } from '../postgres.ts';

/** A PostgreSQL primary and its synchronous standby; whichever dies is replaced. */
export class PostgresNodes {
  #primary: PostgresServer;
  #standby: PostgresServer;

  private constructor(primary: PostgresServer, standby: PostgresServer) {
    this.#primary = primary;
    this.#standby = standby;
  }

  static async start(): Promise<PostgresNodes> {
    const primary = await PostgresServer.start();
    return new PostgresNodes(primary, await primary.addSynchronousStandby());
  }

  get password(): string {
    return this.#primary.password;
  }

  /** Of those that a server may ask, in no order. */
  port(place: 0 | 1): number {
    return [this.#primary, this.#standby].map(({ port }) => port).sort((a, b) => a - b)[place] ?? 0;
  }

  async killStandby(awayMs: () => Promise<void>): Promise<void> {
    this.#standby.kill();
    await awayMs();
    await this.#standby.restart();
  }

  async pausePrimary(awayMs: () => Promise<void>): Promise<void> {
    this.#primary.pause();
    await awayMs();
    this.#primary.resume();
  }

  /** The primary dies, its standby takes its place, and gets a standby of its own. */
  async failOver(awayMs: () => Promise<void>): Promise<void> {
    const dead = this.#primary;
    dead.kill();
    await awayMs();
    await this.#standby.promote();
    this.#primary = this.#standby;
    await dead.stop();
    this.#standby = await this.#primary.addSynchronousStandby();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#primary.stop(), this.#standby.stop()]);
  }
}
