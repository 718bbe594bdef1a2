import { useEffect, useRef } from 'react';
import { defineInspector } from 'trunkline/inspector';
import { useClient } from '../trunk.ts';

/** What the client, its hub and its line do, as the library itself shows it. */
export function Inspector() {
  const client = useClient();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const inspector = document.createElement('trunkline-inspector');
    inspector.client = client;
    place.current?.append(inspector);
    defineInspector();
    return () => inspector.remove();
  }, [client]);
  return <div ref={place} className="inspector" />;
}
