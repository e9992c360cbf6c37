/** The keys that work everywhere, and the sheet that lists all. */
import { isMac } from '../platform.ts';
import { text } from '../text.ts';

export type Command =
  | 'search'
  | 'profiles'
  | 'activity'
  | 'keys'
  | 'settings'
  | 'addRole'
  | 'lock'
  | 'sheet'
  | 'waiting'
  // These are for the chosen profile, or the active one where none is chosen.
  | 'copyLines'
  | 'console'
  | 'readOnly';

/** Control on a Mac, where Option writes characters; Alt elsewhere, where browsers keep Control for themselves. */
const modifier = isMac ? 'Ctrl' : 'Alt';

const letters: Readonly<Record<string, Command>> = {
  p: 'profiles',
  // Not A: on a Mac that is the beginning of the line.
  y: 'activity',
  k: 'keys',
  s: 'settings',
  n: 'addRole',
  l: 'lock',
  w: 'waiting',
  c: 'copyLines',
  o: 'console',
  r: 'readOnly',
};

/** The command of a key press, if it is one. `isTyping`: the focus is in a field where `/` and `?` are characters. */
export function commandOf(
  event: Pick<KeyboardEvent, 'key' | 'altKey' | 'ctrlKey' | 'metaKey' | 'isComposing'>,
  isTyping: boolean,
): Command | undefined {
  if (event.isComposing) return undefined;
  const key = event.key.toLowerCase();
  const plain = !event.altKey && !event.ctrlKey && !event.metaKey;
  if (plain && !isTyping) return key === '?' ? 'sheet' : key === '/' ? 'search' : undefined;
  if (!isMac && key === 'k' && event.ctrlKey && !event.altKey) return 'search';
  const modified = isMac
    ? event.ctrlKey && !event.altKey && !event.metaKey
    : event.altKey && !event.ctrlKey && !event.metaKey;
  return modified ? letters[key] : undefined;
}

export interface Shortcut {
  /** Alternatives, each a combination of keys. */
  readonly keys: readonly (readonly string[])[];
  readonly does: string;
}

export const shortcuts: readonly Shortcut[] = [
  { keys: isMac ? [['/']] : [['Ctrl', 'K'], ['/']], does: text.shortcuts.search },
  { keys: [['↑'], ['↓']], does: text.shortcuts.move },
  { keys: [['Page up'], ['Page down']], does: text.shortcuts.page },
  {
    keys: [
      ['Ctrl', 'Home'],
      ['Ctrl', 'End'],
    ],
    does: text.shortcuts.ends,
  },
  { keys: [['Enter']], does: text.shortcuts.use },
  { keys: [[isMac ? 'Option' : 'Alt', 'Enter']], does: text.shortcuts.details },
  { keys: [['Shift', 'Enter']], does: text.shortcuts.pin },
  { keys: [[modifier, 'C']], does: text.shortcuts.copyLines },
  { keys: [[modifier, 'O']], does: text.shortcuts.console },
  { keys: [[modifier, 'R']], does: text.shortcuts.readOnly },
  { keys: [['F2']], does: text.shortcuts.edit },
  { keys: [[modifier, 'N']], does: text.shortcuts.add },
  { keys: [[modifier, 'W']], does: text.shortcuts.waiting },
  { keys: [[modifier, 'P']], does: text.shortcuts.profiles },
  { keys: [[modifier, 'Y']], does: text.shortcuts.activity },
  { keys: [[modifier, 'K']], does: text.shortcuts.keys },
  { keys: [[modifier, 'S']], does: text.shortcuts.settings },
  { keys: [[modifier, 'L']], does: text.shortcuts.lock },
  { keys: [['Tab']], does: text.shortcuts.next },
  { keys: [['Esc']], does: text.shortcuts.back },
  { keys: [['?']], does: text.shortcuts.sheet },
];
