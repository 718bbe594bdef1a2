import { onPath } from './executables.ts';
import { hasApt, installPackages } from './install.ts';

/** Programs that WebKitGTK is tested with, by the Debian package that has them; the first one brings the browser. */
const PACKAGES = { WebKitWebDriver: 'webkit2gtk-driver', Xvfb: 'xvfb' } as const;

export interface WebKit {
  readonly WebKitWebDriver: string;
  readonly Xvfb: string;
}

/** Answers what is missing, where something is. */
export function findWebKit(): WebKit | string {
  const [WebKitWebDriver] = onPath('WebKitWebDriver');
  const [Xvfb] = onPath('Xvfb');
  if (WebKitWebDriver !== undefined && Xvfb !== undefined) return { WebKitWebDriver, Xvfb };
  const missing = [
    ...(WebKitWebDriver ? [] : (['WebKitWebDriver'] as const)),
    ...(Xvfb ? [] : (['Xvfb'] as const)),
  ];
  return `not on the PATH: ${missing.join(', ')}. Install it (Debian: ${missing.map((name) => PACKAGES[name]).join(', ')}).`;
}

/** Installs what is missing. Answers what cannot be had. */
export function ensureWebKit(): WebKit | string {
  const found = findWebKit();
  if (typeof found !== 'string' || !hasApt) return found;
  installPackages(...Object.values(PACKAGES));
  return findWebKit();
}
