import { act } from '@testing-library/react';
import { createTestbed, type Testbed } from 'trunkline/testing';
import { type ConsoleProtocol, protocol } from '../../../../demo/engine/protocol.ts';

/** For what sends no command that has a result. */
export function startBed(): Testbed<ConsoleProtocol> {
  return createTestbed(protocol, {
    act,
    commands: { human_decision: ({ verdict }) => ({ verdict }), start_run: () => ({ runId: 'r1' }) },
  });
}
