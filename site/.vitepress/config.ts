/** How the documents of this repository become a site: which they are, where each lies, and in which order they are offered. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { slug } from 'github-slugger';
import { type DefaultTheme, defineConfig } from 'vitepress';

const ROOT = resolve(import.meta.dirname, '../..');
const DOCS = resolve(ROOT, 'docs');

/** Where a file of the repository lies on the site. */
function addressOf(file: string): string {
  return file === 'CHANGELOG.md' ? 'changelog.md' : file.replace(/^(docs|site)\//, '');
}

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'An application': ['guide', 'frameworks', 'bundlers', 'testing', 'inspector', 'offline', 'background'],
  'A server': ['gateway', 'cluster', 'plain', 'protocol', 'conformance'],
  'Before production': ['security', 'telemetry', 'browsers', 'benchmarks'],
  'Coming from': pagesIn('coming-from'),
  'The house': ['architecture', 'decisions/index', 'pipelines'],
};
const ordered = Object.values(GROUPS).flat();

/** The documents of a folder of `docs`, without `.md`. */
function pagesIn(folder: string): string[] {
  return readdirSync(resolve(DOCS, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name.slice(0, -3)}`.replace(/^\.\//, ''));
}

function itemOf(page: string): DefaultTheme.SidebarItem {
  const [, title = page] = /^# (.*)$/m.exec(readFileSync(resolve(DOCS, `${page}.md`), 'utf8')) ?? [];
  return { text: title.replaceAll('`', ''), link: `/${page.replace(/index$/, '')}` };
}

const rest = pagesIn('.').filter((page) => !ordered.includes(page));
const sidebar: DefaultTheme.SidebarItem[] = [
  ...Object.entries(GROUPS).map(([text, pages]) => ({ text, items: pages.map(itemOf) })),
  ...(rest.length > 0 ? [{ text: 'More', items: rest.map(itemOf) }] : []),
  {
    text: 'Reference',
    items: [
      { text: 'API', link: '/api/' },
      { text: 'Changelog', link: '/changelog' },
    ],
  },
];

/** As TypeDoc has listed them. */
function entries(): DefaultTheme.SidebarItem[] {
  const list = readFileSync(resolve(ROOT, 'site/api/index.md'), 'utf8');
  return [...list.matchAll(/^- \[(.*)\]\((.*)\.md\)$/gm)].map(([, text = '', page = '']) => ({
    text,
    link: `/api/${page}`,
  }));
}

export default defineConfig({
  title: 'trunkline',
  description:
    'One WebSocket for all tabs of a browser: a SharedWorker hub with a durable outbox and typed topics.',
  base: process.env['SITE_BASE'] ?? '/',
  srcDir: ROOT,
  srcExclude: ['!(docs|site|CHANGELOG.md){,/**}', 'site/node_modules/**'],
  rewrites: addressOf,
  head: [['link', { rel: 'icon', href: `${process.env['SITE_BASE'] ?? '/'}icon.svg` }]],
  // `scripts/site/links.ts` judges what was built: headings and files as well.
  ignoreDeadLinks: true,
  markdown: {
    // As on GitHub, so that one link leads to a heading here and there.
    anchor: { slugify: slug },
    languageAlias: { conf: 'ini', trace: 'txt' },
    // The documents are written for GitHub, which has none of these.
    attrs: false,
    emoji: false,
    include: false,
    snippet: false,
    config(md) {
      md.core.ruler.push('links_of_the_changelog', ({ tokens }) => {
        for (const link of tokens.flatMap(({ children }) => children ?? [])) {
          const address = link.type === 'link_open' ? link.attrGet('href') : null;
          // It stands beside `docs`, and on the site among them.
          if (address?.startsWith('docs/')) link.attrSet('href', address.slice('docs/'.length));
        }
      });
    },
  },
  themeConfig: {
    nav: [
      { text: 'Guide', link: '/guide' },
      { text: 'API', link: '/api/' },
      { text: 'Changelog', link: '/changelog' },
    ],
    sidebar: { '/': sidebar, '/api/': [{ text: 'Every entry', link: '/api/', items: entries() }] },
    outline: [2, 3],
    search: { provider: 'local' },
  },
});
