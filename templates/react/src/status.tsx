import { useEffect, useState } from 'react';
import { useClient, useConnection } from './hooks.ts';
import { watchTabs } from './tabs.ts';
import { sayLine, sayTabs } from './words.ts';

/** How the line is, and how many tabs share it. */
export function Status() {
  const client = useClient();
  const connection = useConnection();
  const [tabs, setTabs] = useState(1);
  useEffect(() => watchTabs(client, setTabs), [client]);
  return (
    <p className="status">
      <b className={connection.state}>{sayLine(connection)}</b> · {sayTabs(tabs)}
    </p>
  );
}
