/** The wall clock as a state that moves once a second while the page can be seen. */
import { createSubscriber } from 'svelte/reactivity';

const subscribe = createSubscriber((update) => {
  let timer: ReturnType<typeof setTimeout>;
  const tick = () => {
    update();
    schedule();
  };
  // Aimed at the second's beginning, so that all countdowns move together and none skips.
  const schedule = () => {
    timer = setTimeout(tick, 1000 - (Date.now() % 1000));
  };
  schedule();
  document.addEventListener('visibilitychange', update);
  return () => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', update);
  };
});

export const now = {
  /** Milliseconds since the Unix epoch. Reading it in a component or `$derived` follows it. */
  get ms(): number {
    subscribe();
    return Date.now();
  },
};
