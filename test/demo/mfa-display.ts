/** Shows the current code of the demo's MFA device, as its owner's phone would. */
import { totp, totpStepSeconds } from '../sts/totp.ts';

/** Prints the code, and on a terminal keeps that line up to date until it is disposed of. */
export function showMfaCode(seed: string, output: NodeJS.WriteStream = process.stdout): Disposable {
  if (!output.isTTY) {
    output.write(`${line(seed, Date.now())}\n`);
    return { [Symbol.dispose]: () => undefined };
  }
  const show = () => output.write(`\r${line(seed, Date.now())}\u001b[K`);
  show();
  const timer = setInterval(show, 1000);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      output.write('\r\u001b[K');
    },
  };
}

function line(seed: string, nowMs: number): string {
  const secondsLeft = totpStepSeconds - (Math.floor(nowMs / 1000) % totpStepSeconds);
  return `MFA code now: ${totp(seed, nowMs)} (${secondsLeft} s left)`;
}
