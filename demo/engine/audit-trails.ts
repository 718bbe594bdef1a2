import { AuditTrail } from './audit-trail.ts';
import type { History } from './history.ts';

/** The audit trails of an engine's runs, each of which is read once: from then on it counts what it tells. */
export class AuditTrails {
  readonly #read: (runId: string) => Promise<History | null>;
  readonly #trails = new Map<string, Promise<AuditTrail | null>>();

  /** @param read what is known of a run; `null`: there is none, or it is not this engine's to tell of. */
  constructor(read: (runId: string) => Promise<History | null>) {
    this.#read = read;
  }

  begin(runId: string, trail: AuditTrail): void {
    this.#trails.set(runId, Promise.resolve(trail));
  }

  async of(runId: string): Promise<AuditTrail | null> {
    const reading = this.#trails.get(runId) ?? this.#readTrail(runId);
    this.#trails.set(runId, reading);
    try {
      const trail = await reading;
      if (trail === null) this.#trails.delete(runId);
      return trail;
    } catch (error) {
      this.#trails.delete(runId);
      throw error;
    }
  }

  async #readTrail(runId: string): Promise<AuditTrail | null> {
    const history = await this.#read(runId);
    return history && new AuditTrail(history.audit);
  }
}
