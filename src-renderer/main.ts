import { createPinia } from 'pinia';
import { createApp } from 'vue';
import App from './App.vue';
import { openBridge } from './bridge/index.ts';
import { provideBridge } from './stores/bridge.ts';
import { adoptWindowPinia } from './stores/scope.ts';
import './styles/main.css';

provideBridge(openBridge());
createApp(App).use(adoptWindowPinia(createPinia())).mount('#app');
