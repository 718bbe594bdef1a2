import { useCommands } from '../palette/commands.ts';

export type Shape = 'graph' | 'table' | 'timeline';

const SHAPES: readonly { shape: Shape; label: string }[] = [
  { shape: 'graph', label: 'Graph' },
  { shape: 'table', label: 'Table' },
  { shape: 'timeline', label: 'Timeline' },
];

export function isShape(value: string | null): value is Shape {
  return SHAPES.some(({ shape }) => shape === value);
}

export function ShapeSwitch({ shape, onShape }: { shape: Shape; onShape: (shape: Shape) => void }) {
  useCommands(
    SHAPES.map(({ shape: own, label }) => ({
      group: 'View',
      title: `Show the nodes as: ${label}`,
      run: () => onShape(own),
    })),
  );
  return (
    <fieldset className="segmented">
      <legend className="sr-only">Show the nodes as</legend>
      {SHAPES.map(({ shape: own, label }) => (
        <label key={own}>
          <input type="radio" name="shape" checked={shape === own} onChange={() => onShape(own)} />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}
