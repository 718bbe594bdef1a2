import { Spoke } from 'tab-election/hub';
import { start } from '../common/start.ts';
import type { FeedService } from './feed-service.ts';
import workerUrl from './hub.ts?worker&url';

start({
  async connect(url, { events }) {
    const spoke = new Spoke({ workerUrl, name: 'bench', version: '1', useSharedWorker: true });
    const feed = spoke.client<FeedService>('feed');
    feed.on('batch', events);
    events(await feed.join(url));
  },
});
