/** What goes into a file for a bug report. */
import type { View } from './view.ts';

/**
 * All that is shown, as JSON. No token is ever in it, and of commands and frames what they say only if it is shown. It names the
 * person's identity, the topics, and what errors said.
 */
export function reportFile(view: View): string {
  const { report, recording, rates, frames, storage, estimate, connection, showsPayloads } = view;
  return JSON.stringify(
    {
      format: 'trunkline-inspector/1',
      madeAt: view.now,
      userAgent: navigator.userAgent,
      page: location.origin,
      recordedSince: recording.since,
      connection,
      report,
      reportedAt: view.reportedAt,
      storage,
      estimate,
      connectionHistory: recording.connection,
      commands: recording.commands.all.map(({ command, ...life }) => ({
        ...life,
        command: showsPayloads ? command : { type: command.type },
      })),
      rates: rates.samples,
      frames: frames.map(({ key: _, ...frame }) => frame),
    },
    null,
    1,
  );
}
