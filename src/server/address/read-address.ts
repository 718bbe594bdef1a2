/** Reads what names a log, and never repeats what is no such thing: a password may be in it. */

export type LogAddress =
  | { readonly kind: 'memory' }
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly tls: boolean; readonly schema: string | null }
  | {
      readonly kind: 'nats';
      readonly servers: readonly string[];
      readonly user: string | null;
      readonly stream: string | null;
      readonly tls: boolean;
      readonly replicas: 1 | 3 | 5;
    };

const SCHEME = /^([a-z][a-z0-9+.-]+):\/\//i;
const URL_OF_A_LOG = /^[a-z]+:\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^/?#]*))?(?:\?([^#]*))?$/;
const FORMS =
  'memory, sqlite:PATH, postgres://USER@HOST:PORT,HOST:PORT/DATABASE or nats://USER@HOST:PORT,HOST:PORT/STREAM';
const REPLICAS = [1, 3, 5] as const;

/** @throws Error that says what is wrong, for people. */
export function readAddress(text: string): LogAddress {
  if (text === '') throw new Error(`the address of a log is empty: it has to be ${FORMS}`);
  if (text === 'memory' || text === 'memory:') return { kind: 'memory' };
  const scheme = SCHEME.exec(text)?.[1];
  if (scheme === undefined) return { kind: 'sqlite', path: text.replace(/^sqlite:(?=.)/, '') };
  const authority = text.slice(scheme.length + 3);
  if (authority.slice(0, authority.lastIndexOf('@') + 1).includes(':')) throw new Error(PASSWORD_IN_ADDRESS);
  const [, user = '', hosts = '', path = '', query = ''] = URL_OF_A_LOG.exec(text) ?? [];
  if (hosts === '') throw new Error(`that is no address of a log: it has to be ${FORMS}`);
  const parameters = new Parameters(query);
  switch (scheme) {
    case 'postgres':
    case 'postgresql': {
      const [url = ''] = text.split('?');
      const address = { url, tls: parameters.isTrue('tls'), schema: parameters.take('schema') };
      parameters.mustBeEmpty(scheme);
      return { kind: 'postgres', ...address };
    }
    case 'nats': {
      const replicas = parameters.take('replicas') ?? '3';
      const known = REPLICAS.find((number) => String(number) === replicas);
      if (known === undefined) throw new Error(`replicas=${replicas} in the address: it is 1, 3 or 5`);
      const address = {
        servers: hosts.split(','),
        user: user === '' ? null : decodeURIComponent(user),
        stream: path === '' ? null : path,
        tls: parameters.isTrue('tls'),
        replicas: known,
      };
      parameters.mustBeEmpty(scheme);
      return { kind: 'nats', ...address };
    }
    default:
      throw new Error(`there is no log at ${scheme}://: it has to be ${FORMS}`);
  }
}

const PASSWORD_IN_ADDRESS =
  'a password in the address of a log can be seen by whoever sees the command: leave it out, and put it into a file that the variable TRUNKLINE_LOG_PASSWORD_FILE names, or into TRUNKLINE_LOG_PASSWORD';

/** What stands behind the `?`. */
class Parameters {
  readonly #left: Map<string, string>;

  constructor(query: string) {
    this.#left = new Map(new URLSearchParams(query));
  }

  take(name: string): string | null {
    const value = this.#left.get(name);
    this.#left.delete(name);
    return value ?? null;
  }

  isTrue(name: string): boolean {
    const value = this.take(name) ?? 'false';
    if (value !== 'true' && value !== 'false') throw new Error(`${name} in the address is true or false`);
    return value === 'true';
  }

  mustBeEmpty(scheme: string): void {
    const [unknown] = this.#left.keys();
    if (unknown === undefined) return;
    if (/pass/i.test(unknown)) throw new Error(PASSWORD_IN_ADDRESS);
    throw new Error(`the address of a log at ${scheme}:// has no parameter ${JSON.stringify(unknown)}`);
  }
}
