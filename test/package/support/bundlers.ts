import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import * as vite from 'vite';
import webpack from 'webpack';
import type { Consumer } from './consumer.ts';

/** Each builds the consumer's application for the web and returns the folder to serve. A warning fails it. */
export const BUNDLERS = { vite: buildWithVite, webpack: buildWithWebpack, esbuild: buildWithEsbuild };

export async function buildWithVite({ app, folder }: Pick<Consumer, 'app' | 'folder'>): Promise<string> {
  const outDir = join(folder, 'built-by-vite');
  const warnings: string[] = [];
  const customLogger = vite.createLogger('warn');
  customLogger.warn = customLogger.warnOnce = (message) => {
    // Meant for server components; Vite's plugin for React keeps quiet about it, too.
    if (!/MODULE_LEVEL_DIRECTIVE.*"use client"/.test(message)) warnings.push(message);
  };
  await vite.build({
    root: app,
    configFile: false,
    customLogger,
    build: {
      outDir,
      emptyOutDir: true,
      sourcemap: true,
      // It warns where a machine is busy.
      rolldownOptions: { checks: { bundlerTimings: false } },
    },
  });
  failOn(warnings);
  return outDir;
}

async function buildWithWebpack({ app, folder }: Consumer): Promise<string> {
  const outDir = join(folder, 'built-by-webpack');
  const compiler = webpack({
    mode: 'production',
    context: app,
    entry: './main.ts',
    output: { path: outDir, filename: 'main.js' },
    devtool: 'source-map',
    module: {
      rules: [
        {
          test: /\.ts$/,
          exclude: /node_modules/,
          loader: join(import.meta.dirname, 'strip-types-loader.cjs'),
        },
      ],
    },
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

async function buildWithEsbuild({ app, folder }: Consumer): Promise<string> {
  const outDir = join(folder, 'built-by-esbuild');
  const { errors, warnings } = await esbuild.build({
    absWorkingDir: app,
    entryPoints: { main: 'main.prebuilt-hub.ts', hub: 'hub.ts' },
    outdir: outDir,
    bundle: true,
    minify: true,
    sourcemap: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'silent',
  });
  failOn([...errors, ...warnings].map(({ text }) => text));
  writePage(app, outDir);
  return outDir;
}

/** The bundlers that don't read HTML need a page that names what they built. */
function writePage(app: string, outDir: string): void {
  const page = join(outDir, 'index.html');
  cpSync(join(app, 'index.html'), page);
  writeFileSync(page, readFileSync(page, 'utf8').replace('./main.ts', './main.js'));
}

function failOn(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(`The bundler complained: ${problems.join('\n')}`);
}
