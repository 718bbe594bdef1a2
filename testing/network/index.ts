export { type ProxyMode, type ProxyOptions, startProxy, type TestProxy } from './proxy.ts';
