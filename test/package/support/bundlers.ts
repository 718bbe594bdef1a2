import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as vite from 'vite';
import webpack from 'webpack';
import type { Consumer } from './consumer.ts';

/** An application's sources, and where what is built of them may go. */
export type Sources = Pick<Consumer, 'app' | 'folder'>;

/** Each makes the application of `docs/bundlers.md` ready for the web and returns the folder to serve. A warning fails it. */
export const BUNDLERS = {
  vite: buildWithVite,
  webpack: buildWithWebpack,
  rspack: buildWithRspack,
  parcel: buildWithParcel,
  esbuild: buildWithEsbuild,
  none: copyPrebuilt,
};

export async function buildWithVite({ app, folder }: Sources): Promise<string> {
  const outDir = join(folder, 'built-by-vite');
  const warnings: string[] = [];
  const customLogger = vite.createLogger('warn');
  customLogger.warn = customLogger.warnOnce = (message) => {
    // Meant for server components; Vite's plugin for React keeps quiet about it, too.
    if (!/MODULE_LEVEL_DIRECTIVE.*"use client"/.test(message)) warnings.push(message);
  };
  await vite.build({
    root: app,
    configFile: viteConfigOf(app),
    customLogger,
    build: {
      outDir,
      emptyOutDir: true,
      sourcemap: true,
      // It warns where a machine is busy.
      rolldownOptions: { checks: { pluginTimings: false, bundlerTimings: false } },
    },
  });
  failOn(warnings);
  return outDir;
}

/** An application may have none. */
export function viteConfigOf(app: string): string | false {
  const file = join(app, 'vite.config.ts');
  return existsSync(file) ? file : false;
}

async function buildWithWebpack({ app }: Sources): Promise<string> {
  const { default: config }: { default: webpack.Configuration } = await import(
    /* @vite-ignore */ pathToFileURL(join(app, 'webpack.config.js')).href
  );
  const outDir = join(app, 'dist');
  const compiler = webpack({
    ...config,
    mode: 'production',
    context: app,
    output: { ...config.output, path: outDir },
  });
  const stats = await new Promise<webpack.Stats>((done, failed) => {
    compiler.run((error, result) => {
      compiler.close(() => (result ? done(result) : failed(error)));
    });
  });
  const { errors = [], warnings = [] } = stats.toJson({ all: false, errors: true, warnings: true });
  failOn([...errors, ...warnings].map(({ message }) => message));
  writePage(app, outDir);
  return outDir;
}

async function buildWithRspack({ app }: Sources): Promise<string> {
  const outDir = buildInto('dist', app, 'npx', 'rspack', 'build', '--mode', 'production');
  writePage(app, outDir);
  return outDir;
}

async function buildWithParcel({ app }: Sources): Promise<string> {
  return buildInto('dist', app, 'npx', 'parcel', 'build', 'index.html', '--dist-dir', 'dist');
}

async function buildWithEsbuild({ app }: Sources): Promise<string> {
  const outDir = buildInto('dist', app, process.execPath, 'build.js');
  writePage(app, outDir);
  return outDir;
}

/** Runs a command in the application's folder, and returns the one that it writes. */
function buildInto(outDir: string, app: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: app, encoding: 'utf8' });
  if (status !== 0 || stderr) failOn([stdout, stderr]);
  return join(app, outDir);
}

/** Without a bundler the sources are served as they are. */
async function copyPrebuilt({ app }: Sources): Promise<string> {
  const { resolve } = createRequire(join(app, 'page.js'));
  cpSync(dirname(resolve('trunkline/prebuilt/hub')), join(app, 'trunkline'), { recursive: true });
  cpSync(join(dirname(resolve('valibot')), 'index.min.mjs'), join(app, 'valibot.js'));
  return app;
}

/** The bundlers that don't read HTML need a page that names what they built. */
function writePage(app: string, outDir: string): void {
  const page = join(outDir, 'index.html');
  cpSync(join(app, 'index.html'), page);
  writeFileSync(page, readFileSync(page, 'utf8').replace('./page.ts', './page.js'));
}

function failOn(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(`The bundler complained: ${problems.join('\n')}`);
}
