import { Hub } from 'tab-election/hub';
import { FeedService } from './feed-service.ts';

new Hub((hub) => hub.register(new FeedService()));
