import type { Theme } from 'vitepress';
import DefaultTheme from 'vitepress/theme';
import LivePromise from './LivePromise.vue';

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('LivePromise', LivePromise);
  },
} satisfies Theme;
