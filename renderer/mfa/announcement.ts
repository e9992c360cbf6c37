/** A code that will be needed, told ahead of time: nothing stops yet. Pure. */
import type { Prompt } from '../../preload/contract.ts';

/** A code that the person wants to give now is no announcement, though the session before it may still last. */
export function isAnnouncement({ cause, neededAtMs }: Pick<Prompt, 'cause' | 'neededAtMs'>): boolean {
  return cause !== 'person' && neededAtMs !== undefined;
}

/** The prompts that somebody waits for come first, announcements last; both in the order they came in. */
export function announcementsLast(prompts: readonly Prompt[]): readonly Prompt[] {
  return [
    ...prompts.filter((prompt) => !isAnnouncement(prompt)),
    ...prompts.filter((prompt) => isAnnouncement(prompt)),
  ];
}
