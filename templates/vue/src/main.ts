import { createApp } from 'vue';
import App from './app.vue';
import { client } from './client.ts';
import { provideClient } from './composables.ts';

const app = createApp(App);
provideClient(client, app);
app.mount('#app');
