import { mount } from 'svelte';
import './styles/tokens.css';
import './styles/base.css';
import './styles/frame.css';
import './styles/now.css';
import './styles/detail.css';
import './styles/views.css';
import App from './App.svelte';
import { prefs } from './state/prefs.svelte';
import { room } from './state/room.svelte';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has an element #app');
prefs.show();
mount(App, { target });
void room.start();
