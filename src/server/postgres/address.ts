/** Reads where a database is, and never repeats it in an error: a password may be in it. */

export interface Server {
  readonly host: string;
  readonly port: number;
}

export interface Address {
  readonly servers: readonly Server[];
  readonly user: string;
  readonly password: string | null;
  readonly database: string;
}

const PORT = 5_432;
const URL_OF_POSTGRES = /^postgres(?:ql)?:\/\/([^:@/?#]+)(?::([^@/?#]*))?@([^@/?#]+)(?:\/([^/?#]*))?$/;
const SERVER = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/;

/** @throws Error where it is no such URL. */
export function readAddress(url: string): Address {
  try {
    const [, user = '', password, hosts = '', database = ''] = URL_OF_POSTGRES.exec(url) ?? [];
    const servers = hosts.split(',').map((text) => {
      const [, ipv6, name, port] = SERVER.exec(text) ?? [];
      const host = ipv6 ?? name;
      if (host === undefined) throw new Error('no host');
      return { host, port: port === undefined ? PORT : Number(port) };
    });
    return {
      servers,
      user: decodeURIComponent(user),
      password: password === undefined ? null : decodeURIComponent(password),
      database: decodeURIComponent(database || user),
    };
  } catch {
    throw new Error(
      'not the URL of a database: it has to be postgres://USER@HOST:PORT,HOST:PORT/DATABASE, without parameters; a password in it is percent-encoded',
    );
  }
}
