/** What lies on the device, and whether the browser keeps it. */
import type { HubReport, StorageState } from '../../../protocol/model.ts';
import type { View } from '../../view.ts';
import { make } from '../dom.ts';
import { createFacts } from '../facts.ts';
import { createGrid } from '../grid.ts';
import type { Panel } from '../panel.ts';
import { sayBytes, sayCount, sayTime } from '../words.ts';

type KeptTopic = NonNullable<HubReport['savedState']>['topics'][number];

export function createStoragePanel(): Panel {
  const facts = createFacts();
  const grid = createGrid<KeptTopic>({
    label: 'Topics that are kept on the device',
    keyOf: ({ topic }) => topic,
    columns: [
      { label: 'Topic', width: 'minmax(6em, 2fr)', text: ({ topic }) => topic },
      { label: 'Offset', width: '5em', isNumber: true, text: ({ offset }) => sayCount(offset) },
      { label: 'Newest event', width: '9em', isMinor: true, text: ({ lastSeen }) => sayTime(lastSeen) },
      { label: 'As of', width: '9em', text: ({ savedAt }) => sayTime(savedAt) },
      { label: 'Size', width: '5em', isNumber: true, text: ({ size }) => sayBytes(size) },
    ],
  });
  const kept = make('h3', {}, 'Topics on the device');
  return {
    name: 'storage',
    label: 'Storage',
    element: make('section', {}, facts.element, kept, grid.element),
    update({ report, storage, estimate }: View) {
      const saved = report?.savedState ?? null;
      facts.update({
        Storage: storage.state === 'ok' ? 'ok' : `degraded: ${storage.reason}`,
        'Kept when space is short': sayPersistence(storage),
        Lost: storage.lost && `the database, with ${sayCount(storage.lost.waiting)} commands that waited`,
        'Used by this origin': estimate && `${sayBytes(estimate.usage)} of ${sayBytes(estimate.quota)}`,
        'Entries of the outbox': report && sayCount(report.outbox.entries),
        'Rows that cannot be read': report && sayCount(report.unreadableRows),
        'Last known state': report && (saved ? saved.state : 'no event type is kept'),
        'Its rows that cannot be read': saved && sayCount(saved.unreadableRows),
      });
      kept.hidden = !saved;
      grid.element.hidden = !saved;
      grid.update(saved?.topics ?? []);
    },
  };
}

function sayPersistence({ persistent }: StorageState): string {
  if (persistent === null) return 'the browser has not said';
  return persistent ? 'yes' : 'no: the browser may delete it (client.persist())';
}
