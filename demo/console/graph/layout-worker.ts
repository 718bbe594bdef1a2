import { placeNodes, type Step } from './layout.ts';

// A thousand nodes take the better part of a second: too long for the page, which has to answer to clicks.
addEventListener('message', ({ data }: MessageEvent<readonly Step[]>) => postMessage(placeNodes(data)));
