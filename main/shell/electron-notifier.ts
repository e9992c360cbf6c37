import { Notification } from 'electron';
import type { Notifier } from './notifications.ts';

/** Electron forgets the listeners of a notification that is garbage collected while it is shown. */
const shown = new Set<Notification>();

/** The desktop's own notifications. Where there are none (a Linux session without a notification service) it does nothing. */
export const electronNotifier: Notifier = {
  notify({ title, body }, clicked) {
    if (!Notification.isSupported()) return { [Symbol.dispose]: () => undefined };
    const notification = new Notification({ title, body });
    shown.add(notification);
    notification.once('close', () => shown.delete(notification));
    notification.once('click', clicked);
    notification.show();
    return {
      [Symbol.dispose]() {
        notification.close();
        shown.delete(notification);
      },
    };
  },
};
