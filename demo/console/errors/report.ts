/** Something that went wrong, for whoever keeps the console running. */
export interface Reported {
  readonly message: string;
  readonly stack?: string;
  readonly runId?: string;
  readonly nodeId?: string;
}

/** Where errors are reported. Give `<Console report={…}>` another one for Sentry or the like. */
export type Report = (error: Reported) => void;

const LONGEST_MESSAGE = 2_000;
const LONGEST_STACK = 8_000;

/** Into the demo server's error log. A report that cannot be sent is left in the browser's console, and makes no noise. */
export const reportToServer: Report = ({ message, stack, ...where }) => {
  const error = {
    ...where,
    message: message.slice(0, LONGEST_MESSAGE) || 'An error without a message',
    ...(stack !== undefined && { stack: stack.slice(0, LONGEST_STACK) }),
  };
  fetch('/errors', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(error),
    keepalive: true,
  })
    .then((response) => {
      if (!response.ok) console.warn(`the error log answered ${response.status}:`, error);
    })
    .catch((failure) => console.warn('the error log is out of reach:', failure, error));
};
