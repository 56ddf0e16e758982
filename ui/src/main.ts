import { mount } from 'svelte';
import './styles/base.css';
import App from './App.svelte';
import { tauriHost } from '$lib/host/tauri';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has an element with the id "app"');

mount(App, { target, props: { host: tauriHost } });
