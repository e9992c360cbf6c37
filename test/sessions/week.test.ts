import { expect, it } from 'vitest';
import { liveWeek } from './week.ts';

it('a week', async () => {
  const started = performance.now();
  const w = await liveWeek(Number(process.env['SEED'] ?? 1));
  console.log((performance.now() - started) | 0, 'ms');
  console.log(JSON.stringify({ ...w, sessions: { ...w.sessions, by: [] } }, null, 1));
  console.log(
    w.sessions.by
      .filter((x) => x.issued > x.fewest + 3)
      .map((x) => `${x.of} ${x.issued} ${x.fewest}`)
      .join('\n'),
  );
  console.log(w.sessions.issued / w.sessions.fewest, w.calls / w.sessions.fewest);
  expect(1).toBe(1);
}, 200_000);
