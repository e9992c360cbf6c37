/** When the field for a code may take the focus by itself. */
import type { Prompt } from '../../preload/contract.ts';
import { isAnnouncement } from './announcement.ts';

/**
 * Never for an announcement, and never from someone who is typing: not from a form or another code. From the search
 * only where the person has just used a profile from there, or has typed nothing. What no person caused never moves
 * the focus off a control.
 */
export function mayTakeFocus(focused: Element | null, prompt: Pick<Prompt, 'cause' | 'neededAtMs'>): boolean {
  if (isAnnouncement(prompt)) return false;
  const { cause } = prompt;
  if (focused === null || focused === document.body) return true;
  if (focused instanceof HTMLInputElement && focused.dataset['search'] !== undefined) {
    return cause === 'person' || focused.value === '';
  }
  const isForm = focused.matches('input, select, textarea, dialog *');
  return cause === 'person' && !isForm;
}
