/** The search over profiles: every word of the query must be found, the best finds come first. Pure, but for what it keeps of the profiles it has seen. */
import type { ProfileView } from '../../preload/contract.ts';

interface Field {
  /** Lower case, as is everything here. */
  readonly text: string;
  /** Which characters are in it, see `charactersOf`: most fields that do not have a word are known by that. */
  readonly characters: number;
}

interface SearchText {
  readonly name: Field;
  /** The first letter of each word of the name. */
  readonly initials: string;
  /** Account, role and base, each on a line of its own. */
  readonly rest: Field;
}

/** A view is replaced by a new object when it changes, so its text can be kept as long as it lives. */
const texts = new WeakMap<ProfileView, SearchText>();

function textOf(view: ProfileView): SearchText {
  let text = texts.get(view);
  if (!text) {
    const { base, name } = view.profile;
    const baseName = 'key' in base ? base.key : base.profile;
    const lowerName = name.toLowerCase();
    const rest = `\n${view.accountId}\n${view.roleName.toLowerCase()}\n${baseName.toLowerCase()}\n`;
    text = { name: fieldOf(lowerName), initials: initialsOf(lowerName), rest: fieldOf(rest) };
    texts.set(view, text);
  }
  return text;
}

function initialsOf(name: string): string {
  let initials = '';
  for (let index = 0; index < name.length; index++) {
    if (isWordStart(name, index)) initials += name.charAt(index);
  }
  return initials;
}

function fieldOf(text: string): Field {
  return { text, characters: charactersOf(text) };
}

/** A bit for each letter, one for all digits that are equal modulo 5, and one for all others. */
function charactersOf(text: string): number {
  let characters = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (isLetter(code)) characters |= 1 << (code - 0x61);
    else characters |= 1 << (isDigit(code) ? 26 + (code % 5) : 31);
  }
  return characters;
}

const isLetter = (code: number) => code >= 0x61 && code <= 0x7a;
const isDigit = (code: number) => code >= 0x30 && code <= 0x39;

function mayHave({ characters }: Field, word: Field): boolean {
  return (word.characters & ~characters) === 0;
}

function isWordStart(text: string, index: number): boolean {
  const before = text.charCodeAt(index - 1);
  return !isLetter(before) && !isDigit(before);
}

/** Whether the characters of `word` stand in `text` in their order. */
function hasInOrder(text: string, word: string): boolean {
  let found = 0;
  for (let index = 0; index < text.length && found < word.length; index++) {
    if (text.charCodeAt(index) === word.charCodeAt(found)) found++;
  }
  return found === word.length;
}

/**
 * How close together the letters of `word` stand in `text`, in their order: 1 without others between them, near 0 far
 * apart, 0 where they do not. The letters of one line are looked at alone.
 */
function closeness(text: string, word: string): number {
  let found = 0;
  for (let index = 0; index < text.length; index++) {
    const letter = text.charCodeAt(index);
    if (letter === newLine) found = 0;
    else if (letter === word.charCodeAt(found)) found++;
    if (found === word.length) return word.length / (index + 1 - lastStart(text, word, index));
  }
  return 0;
}

const newLine = 0x0a;

/** Where the shortest stretch begins that ends at `end` and has the letters of `word` in their order. */
function lastStart(text: string, word: string, end: number): number {
  let left = word.length;
  let index = end + 1;
  while (left > 0) {
    index--;
    if (text.charCodeAt(index) === word.charCodeAt(left - 1)) left--;
  }
  return index;
}

/** How well one word is found: 0 not at all, more is better. */
function scoreWord({ name, initials, rest }: SearchText, word: Field): number {
  const mayBeInName = mayHave(name, word);
  const mayBeInRest = mayHave(rest, word);
  if (mayBeInName) {
    const index = name.text.indexOf(word.text);
    if (index === 0) return name.text === word.text ? 9 : 8;
    if (index > 0 && isWordStart(name.text, index)) return 7;
    if (hasInOrder(initials, word.text)) return 6;
    if (index > 0) return 5;
  }
  if (mayBeInRest) {
    const index = rest.text.indexOf(word.text);
    if (index >= 0) return isWordStart(rest.text, index) ? 4 : 3;
  }
  const inName = mayBeInName ? closeness(name.text, word.text) : 0;
  if (inName > 0) return 1 + inName;
  // Digits spread over an account ID are found in too many.
  return mayBeInRest && !/\d/.test(word.text) ? closeness(rest.text, word.text) : 0;
}

/**
 * The profiles in which every word of `query` is found: in the name, the account ID, the role or the name of the base;
 * or by its letters in their order, with others between them ("sbadm" finds "sandbox-admin"). Equal finds keep the order
 * they came in.
 */
export function search(views: readonly ProfileView[], query: string): readonly ProfileView[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean).map(fieldOf);
  if (words.length === 0) return views;
  const found: { view: ProfileView; score: number }[] = [];
  for (const view of views) {
    const text = textOf(view);
    let score = 0;
    for (const word of words) {
      const wordScore = scoreWord(text, word);
      score = wordScore === 0 ? 0 : score + wordScore;
      if (wordScore === 0) break;
    }
    if (score > 0) found.push({ view, score });
  }
  return found.sort((one, other) => other.score - one.score).map(({ view }) => view);
}

const sliceLength = 500;

/** Makes what is searched ready in slices, so that the first key does not wait for it. The result ends it. */
export function prepareSearch(views: readonly ProfileView[]): () => void {
  let from = 0;
  let timer = setTimeout(function prepareSlice() {
    for (const view of views.slice(from, from + sliceLength)) textOf(view);
    from += sliceLength;
    if (from < views.length) timer = setTimeout(prepareSlice);
  });
  return () => clearTimeout(timer);
}
