import type { ReactNode } from 'react';
import { RUNS_TOPIC, runTopic } from '../../engine/protocol.ts';
import { type Entry, gateOf } from '../gates/gates.ts';
import { RunLink } from '../gates/run-name.tsx';
import { useGraph } from '../graph/use-graph.ts';
import { useLatest } from '../trunk.ts';

/** What a command is about, in words of people: which pipeline, run, gate or node, and what was written with it. */
export function EntryFacts({ command }: { command: Entry['command'] }) {
  const pipeline = textOf(command, 'pipeline');
  const runId = textOf(command, 'runId');
  const nodeId = textOf(command, 'nodeId');
  const gateId = gateOf(command);
  const comment = textOf(command, 'comment');
  return (
    <dl className="outbox-about">
      {pipeline && (
        <Fact name="Pipeline">
          <PipelineTitle name={pipeline} />
        </Fact>
      )}
      {gateId && (
        <Fact name="Gate">
          <GateTitle gateId={gateId} />
        </Fact>
      )}
      {runId && nodeId && (
        <Fact name="Node">
          <NodeTitle runId={runId} nodeId={nodeId} />
        </Fact>
      )}
      {comment && <Fact name="Comment">{comment}</Fact>}
      {runId && (
        <Fact name="Run">
          <RunLink runId={runId} />
        </Fact>
      )}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function PipelineTitle({ name }: { name: string }) {
  return useLatest(RUNS_TOPIC, 'pipeline', `pipeline:${name}`)?.title ?? name;
}

function GateTitle({ gateId }: { gateId: string }) {
  const gate = useLatest(RUNS_TOPIC, ['human_gate_waiting', 'human_gate_resolved'], `gate:${gateId}`);
  return gate?.title ?? gate?.nodeId ?? gateId;
}

function NodeTitle({ runId, nodeId }: { runId: string; nodeId: string }) {
  return useGraph(runTopic(runId))?.find((step) => step.nodeId === nodeId)?.title ?? nodeId;
}

/** A command that an older page has made may have other fields. */
function textOf(command: object, field: string): string | null {
  const value: unknown = new Map(Object.entries(command)).get(field);
  return typeof value === 'string' && value !== '' ? value : null;
}
