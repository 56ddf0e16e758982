import { mount } from 'svelte';
import './styles/base.css';
import App from './App.svelte';
import CustomerDisplay from '$features/display/CustomerDisplay.svelte';
import { DISPLAY_HASH, tauriDisplay } from '$lib/host/display';
import { tauriHost } from '$lib/host/tauri';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has an element with the id "app"');

// One page, two windows: the customer's screen is told apart by its address.
if (location.hash === DISPLAY_HASH) mount(CustomerDisplay, { target, props: { host: tauriDisplay } });
else mount(App, { target, props: { host: tauriHost } });
