import { type LayoutTask, placeBoxes } from './layout.ts';

// Even a hundred boxes take longer than a frame may: the page has to answer to clicks.
addEventListener('message', ({ data }: MessageEvent<LayoutTask>) => postMessage(placeBoxes(data)));
