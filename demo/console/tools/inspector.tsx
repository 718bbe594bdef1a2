import { useEffect, useState } from 'react';
import type { HubReport } from 'trunkline';
import { sayConnection } from '../connection/words.ts';
import { useClient } from '../trunk.ts';
import { formatBytes, formatCount } from '../ui/format.ts';

const ASK_EVERY_MS = 1_000;

/** What the hub tells of itself, once a second. */
export function Inspector() {
  const report = useHubReport();
  if (!report) return <p className="empty">Waiting for the worker …</p>;
  const { sockets, outbox, counts, role, tabs, topics, rates, storage } = report;
  return (
    <div className="inspector">
      <dl className="facts">
        <Fact label="Sockets live" value={sockets.live} isKey />
        <Fact label="Tabs" value={tabs.length} isKey />
        <Fact label="Events / s" value={Math.round(rates.eventsPerSecond)} isKey />
        <Fact label="Sockets ever opened" value={sockets.opened} />
        <Fact
          label="Attempts in a minute"
          value={`${sockets.attemptsInLastMinute}${sockets.storm ? ', a storm' : ''}`}
        />
        <Fact label="Connection" value={sayConnection(report.connection, false)} />
        <Fact label="Hub" value={report.hub.slice(0, 8)} />
        <Fact label="Role" value={role.state === 'owner' ? `owner, term ${role.term}` : role.state} />
        <Fact label="Storage" value={storage.state} />
      </dl>
      <h3>Outbox</h3>
      <dl className="facts">
        <Fact label="High" value={outbox.high} />
        <Fact label="Normal" value={outbox.normal} />
        <Fact label="In flight" value={outbox.inFlight} />
      </dl>
      <h3>Tabs</h3>
      <table>
        <thead>
          <tr>
            <th scope="col">Tab</th>
            <th scope="col">Seen</th>
            <th scope="col">Credit</th>
            <th scope="col">Topics</th>
          </tr>
        </thead>
        <tbody>
          {tabs.map(({ tab, visible, credit, topics: names }) => (
            <tr key={tab}>
              <th scope="row">{tab}</th>
              <td>{visible ? 'visible' : 'hidden'}</td>
              <td>{credit}</td>
              <td className="tabular">{names.length}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <h3>Topics</h3>
      <table>
        <thead>
          <tr>
            <th scope="col">Topic</th>
            <th scope="col">State</th>
            <th scope="col">Offset</th>
            <th scope="col">Keys</th>
            <th scope="col">Queued</th>
            <th scope="col">Dropped</th>
          </tr>
        </thead>
        <tbody className="tabular">
          {topics.map(({ name, status, keys, queued }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{status.state}</td>
              <td>{'offset' in status ? formatCount(status.offset) : '–'}</td>
              <td>{formatCount(keys)}</td>
              <td>{formatCount(queued)}</td>
              <td>{'dropped' in status ? formatCount(status.dropped) : '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <h3>Since the hub started</h3>
      <dl className="facts">
        <Fact label="Messages in" value={counts.messagesIn} />
        <Fact label="Messages out" value={counts.messagesOut} />
        <Fact label="Read" value={formatBytes(counts.charactersIn)} />
        <Fact label="Events" value={counts.events} />
        <Fact label="Batches to tabs" value={counts.batches} />
        <Fact label="Dropped" value={counts.dropped} />
        <Fact label="Repeats" value={counts.repeats} />
        <Fact label="Holes" value={counts.holes} />
        <Fact label="Resyncs" value={counts.resyncs} />
      </dl>
    </div>
  );
}

function Fact({ label, value, isKey = false }: { label: string; value: string | number; isKey?: boolean }) {
  return (
    <div data-key={isKey}>
      <dt>{label}</dt>
      <dd className="tabular">{typeof value === 'number' ? formatCount(value) : value}</dd>
    </div>
  );
}

/** The newest report; `null` before the first. While the hub is being replaced, the last one stays. */
function useHubReport(): HubReport | null {
  const client = useClient();
  const [report, setReport] = useState<HubReport | null>(null);
  useEffect(() => {
    let isAsking = false;
    const ask = async () => {
      if (isAsking) return;
      isAsking = true;
      try {
        setReport(await client.inspect());
      } catch {
        // The hub died before it answered; the next one will.
      } finally {
        isAsking = false;
      }
    };
    ask();
    const timer = setInterval(ask, ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, [client]);
  return report;
}
