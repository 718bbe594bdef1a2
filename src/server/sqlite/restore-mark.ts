/** What lies beside a log and is not restored with it: by it a log notices that it was. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';

/** Until when which run of a server was at work, as the log knew it as well. */
export interface Marked {
  readonly run: string;
  readonly told: number;
}

/**
 * A small file beside the log's. It is written after the log, so that it never knows more, unless the log was restored from a
 * backup: then it is missing, or ahead of it.
 */
export class Mark {
  readonly path: string;

  constructor(logPath: string) {
    this.path = `${logPath}-mark`;
  }

  /** `null` where there is none, or none that can be read. */
  read(): Marked | null {
    try {
      const { run, told }: Partial<Marked> = JSON.parse(readFileSync(this.path, 'utf8'));
      return typeof run === 'string' && typeof told === 'number' ? { run, told } : null;
    } catch {
      return null;
    }
  }

  /** As a whole or not at all, whenever the machine ends. */
  write({ run, told }: Marked): void {
    const next = `${this.path}-next`;
    const file = openSync(next, 'w');
    try {
      writeSync(file, JSON.stringify({ run, told }));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(next, this.path);
  }
}
