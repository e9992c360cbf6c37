/** The interface's entry: finds the contract's implementation and shows what it tells. */
import './schemas-without-eval.ts';
import './style.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { Broker } from './broker/broker.svelte.ts';

const api = window.latchkey ?? (await import('../preload/browser.ts')).connect();
const broker = new Broker(api);
const target = document.querySelector('#app');
if (!target) throw new Error('index.html has no element #app');
mount(App, { target, props: { broker } });
broker.start();
