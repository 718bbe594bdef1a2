import { recordFrames } from '../../../../src/inspector/hub/index.ts';
import { startHub } from '../../../../worker/index.ts';
import { protocol } from '../../client/support/protocol.ts';

recordFrames(protocol);
startHub(protocol, { settings: { backoffBaseMs: 20, backoffMaxMs: 50, lingerMs: 200 } });
