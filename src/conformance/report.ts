/** The report as a person reads it. */
import type { Judgement, Report, Tally } from './conform.ts';

/** The report as JSON has more. */
const SOCKETS_SHOWN = 4;
const FRAMES_SHOWN = 16;

const SIGNS = { held: 'held      ', broken: 'BROKEN    ', 'not judged': 'not judged' };

/** One line as a case comes out. */
export function lineOf({ id, level, outcome }: Judgement): string {
  const because = outcome.status === 'held' ? '' : `: ${outcome.because}`;
  return `${SIGNS[outcome.status]} ${level === 'full' ? 'full    ' : 'smallest'} ${id}${because}`;
}

/** What was broken, with the sentence and the frames, and the sums. */
export function summaryOf({ url, judgements, tallies, failures, passed }: Report): string {
  const broken = judgements.flatMap(({ id, sentence, outcome }) => {
    if (outcome.status !== 'broken') return [];
    const hidden = outcome.frames.length - SOCKETS_SHOWN;
    const frames = outcome.frames
      .slice(0, SOCKETS_SHOWN)
      .flatMap((lines, index) => [
        `  socket ${index + 1}:`,
        ...lines.slice(-FRAMES_SHOWN).map((line) => `    ${line}`),
      ]);
    if (hidden > 0) frames.push(`  and ${hidden} more sockets`);
    return [`\n${id} is broken: ${outcome.because}`, `  the protocol: "${sentence}"`, ...frames];
  });
  const failed =
    failures.length > 0
      ? ['\nThe profile promises what could not be done:', ...failures.map((failure) => `  ${failure}`)]
      : [];
  return [
    ...broken,
    ...failed,
    '',
    `smallest server: ${say(tallies.smallest)}`,
    `full server:     ${say(tallies.full)}`,
    `${url} ${passed ? 'keeps what was judged' : 'does not pass'}`,
  ].join('\n');
}

function say({ held, broken, notJudged }: Tally): string {
  return `${held} held, ${broken} broken, ${notJudged} not judged`;
}
