/** On a grid of 16 by 16, drawn by strokes. */
const PATHS = {
  alert: 'M8 2.2 14.6 13.6H1.4L8 2.2ZM8 6.6v3M8 11.6v.1',
  back: 'M9.8 3.2 5 8l4.8 4.8',
  barred: 'M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2ZM3.9 3.9l8.2 8.2',
  bell: 'M4 11V7.4a4 4 0 0 1 8 0V11l1.2 1.6H2.8L4 11ZM6.8 14.2h2.4',
  bolt: 'M8.8 1.8 3.4 9.2h4l-.6 5L12.4 6.8h-4l.4-5Z',
  check: 'm3 8.6 3.3 3.2L13 4.6',
  clock: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM8 4.6V8l2.3 1.6',
  close: 'm3.6 3.6 8.8 8.8M12.4 3.6l-8.8 8.8',
  copy: 'M5.6 5.6h7.8v7.8H5.6zM10.4 5.6V2.6H2.6v7.8h3',
  cross: 'm4.2 4.2 7.6 7.6M11.8 4.2l-7.6 7.6',
  dash: 'M3.6 8h8.8',
  dot: 'M8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6Z',
  down: 'M3.2 6 8 10.8 12.8 6',
  download: 'M8 2.2v7.6M4.8 6.8 8 10l3.2-3.2M2.6 13.4h10.8',
  gate: 'M5.6 3.4v9.2M10.4 3.4v9.2',
  inspect: 'M7 2.4a4.6 4.6 0 1 0 0 9.2 4.6 4.6 0 0 0 0-9.2ZM10.4 10.4l3.4 3.4',
  next: 'M6.2 3.2 11 8l-4.8 4.8',
  offline:
    'M2 2l12 12M4.3 6.5A7 7 0 0 0 2.2 7.9M6.2 9.5a3.6 3.6 0 0 0-1.6 1M9 5.1a8.6 8.6 0 0 1 4.8 2.8M8 12.9v.1',
  outbox: 'M2 9.4h3.4l1 1.8h3.2l1-1.8H14M2 9.4V13h12V9.4M8 7.8V2.2M5.6 4.4 8 2.2l2.4 2.2',
  play: 'M5 3.2v9.6L12.6 8 5 3.2Z',
  plus: 'M3.6 8h8.8M8 3.6v8.8',
  prompt: 'm2.8 4.2 4 3.8-4 3.8M8.4 12.2h4.8',
  retry: 'M13 8a5 5 0 1 1-1.5-3.6L13 5.8M13 2.6v3.2H9.8',
  running: 'M8 2.2a5.8 5.8 0 1 1-5.8 5.8',
  signOut: 'M6.4 2.4H2.8v11.2h3.6M6.6 8h7M10.8 5.2 13.6 8l-2.8 2.8',
  signal: 'M2.2 6.8a8.6 8.6 0 0 1 11.6 0M4.6 9.6a5 5 0 0 1 6.8 0M8 12.9v.1',
  stop: 'M4 4h8v8H4z',
  toEnd: 'M3 3h10M3 6h10M8 8.4v5M5.4 11 8 13.6l2.6-2.6',
  up: 'M3.2 10 8 5.2l4.8 4.8',
  wrap: 'M2 3.6h12M2 8h9.4a2.3 2.3 0 0 1 0 4.6H8.6M10.2 10.8l-1.8 1.8 1.8 1.8M2 12.6h3.4',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" data-icon={name} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
