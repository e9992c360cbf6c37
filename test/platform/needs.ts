/** What a test needs of the machine: where it is missing, the test is skipped under a name that says why. */
export interface Need {
  readonly missing: boolean;
  /** For the end of the test's name: empty, or the reason for skipping. */
  readonly note: string;
}

/** With `LATCHKEY_TEST_REQUIRE=all` in the environment nothing may be missing: the tests then run, and fail. */
export function needs(isThere: boolean, reason: string): Need {
  const missing = !isThere && process.env['LATCHKEY_TEST_REQUIRE'] !== 'all';
  if (missing) console.warn(`skipped: ${reason}`);
  return { missing, note: missing ? ` (skipped: ${reason})` : '' };
}
