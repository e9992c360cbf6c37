/** A code that will be needed, told ahead of time: nothing stops yet. Pure. */
import type { Prompt } from '../../preload/contract.ts';

/** A code that the person wants to give now is no announcement, though the session before it may still last. */
export function isAnnouncement({ cause, neededAtMs }: Pick<Prompt, 'cause' | 'neededAtMs'>): boolean {
  return cause !== 'person' && neededAtMs !== undefined;
}

export function isSnoozed(prompt: Prompt): prompt is Prompt & { readonly snoozedUntilMs: number } {
  return prompt.snoozedUntilMs !== undefined;
}

/**
 * The prompts that somebody waits for come first, then announcements, and what was put aside last; each in the order they
 * came in.
 */
export function mostUrgentFirst(prompts: readonly Prompt[]): readonly Prompt[] {
  const rank = (prompt: Prompt) => (isSnoozed(prompt) ? 2 : isAnnouncement(prompt) ? 1 : 0);
  return prompts.toSorted((one, other) => rank(one) - rank(other));
}
