/** When the field for a code may take the focus by itself. An announcement's never does. */
import type { Prompt } from '../../preload/contract.ts';

/**
 * Never from someone who is typing: not from a form or another code. From the search only where the person has
 * just used a profile from there, or has typed nothing. What no person caused never moves the focus off a control.
 */
export function mayTakeFocus(focused: Element | null, cause: Prompt['cause']): boolean {
  if (focused === null || focused === document.body) return true;
  if (focused instanceof HTMLInputElement && focused.dataset['search'] !== undefined) {
    return cause === 'person' || focused.value === '';
  }
  const isForm = focused.matches('input, select, textarea, dialog *');
  return cause === 'person' && !isForm;
}
