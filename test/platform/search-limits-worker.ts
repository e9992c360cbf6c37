/** The thread that looks for programs, by a clock that is 1.6 s later each time it is looked at. */
let nowMs = 0;
performance.now = () => (nowMs += 1_600);
await import('../../main/platform/linux-process-worker.ts');

export {};
