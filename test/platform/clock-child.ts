/** Schedules something for tomorrow and has nothing else to do. */
import { systemClock } from '../../main/platform/system-clock.ts';

systemClock.schedule(24 * 60 * 60 * 1000, () => console.log('called'));
console.log('scheduled');
