/** Something that went wrong, for whoever keeps the console running. */
export interface Reported {
  readonly message: string;
  /** `run`: a run's own error; `line`: the connection or a command; `page`: this page's code. */
  readonly source: 'run' | 'line' | 'page';
  /** The same error has the same key, from whichever tab it is reported. */
  readonly key?: string;
  readonly runId?: string;
  readonly nodeId?: string | null;
  readonly detail?: string;
}

/** Where errors are reported. Give `<Console report={…}>` another one for Sentry or the like. */
export type Report = (error: Reported) => void;

/** Into the demo server's error log. A report that cannot be sent is left in the browser's console, and makes no noise. */
export const reportToServer: Report = (error) => {
  const body = JSON.stringify({ ...error, page: location.href, at: Date.now() });
  fetch('/errors', { method: 'POST', headers: { 'content-type': 'application/json' }, body, keepalive: true })
    .then((response) => {
      if (!response.ok) console.warn(`the error log answered ${response.status}:`, error);
    })
    .catch((failure) => console.warn('the error log is out of reach:', failure, error));
};
