/** Whether every link within a folder of built pages leads somewhere, to the heading that it names. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

interface Page {
  readonly ids: ReadonlySet<string>;
  readonly links: readonly string[];
}

/** Text has no bare `<`, so that each is a tag's. */
const TAG = /<[a-z][^>]*>/g;
const LINK = /\s(?:href|src)="([^"]*)"/;
const ID = /\sid="([^"]*)"/;

/**
 * @param pages paths in the folder, with `/`
 * @param base what the site is served under, such as `/` or `/trunkline/`
 * @returns the broken ones, each with its page.
 */
export function brokenLinks(folder: string, pages: readonly string[], base: string): string[] {
  const read = new Map(pages.map((path) => [path, readPage(join(folder, path))]));
  return [...read].flatMap(([path, { links }]) => {
    const here = new URL(base + path, 'http://site');
    const broken = links.filter((link) => {
      const there = new URL(link, here);
      if (there.origin !== here.origin) return false;
      return !leads(decodeURI(there.pathname), decodeURIComponent(there.hash.slice(1)));
    });
    return [...new Set(broken)].map((link) => `${path}: ${link}`);
  });

  function leads(pathname: string, id: string): boolean {
    if (!pathname.startsWith(base)) return false;
    const path = pathname.slice(base.length).replace(/(^|\/)$/, '$1index.html');
    const file = join(folder, path);
    if (!existsSync(file) || !statSync(file).isFile()) return false;
    return id === '' || (read.get(path)?.ids.has(id) ?? false);
  }
}

function readPage(file: string): Page {
  const tags = readFileSync(file, 'utf8').match(TAG) ?? [];
  const all = (attribute: RegExp) =>
    tags.flatMap((tag) => attribute.exec(tag)?.[1]?.replaceAll('&amp;', '&') ?? []);
  return { ids: new Set(all(ID)), links: all(LINK) };
}
