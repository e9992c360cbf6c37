/** The search over profiles: every word of the query must be found, the best finds come first. Pure. */
import type { ProfileView } from '../../preload/contract.ts';

interface SearchText {
  /** Lower case, as is everything here. */
  readonly name: string;
  /** Account, role and base, each on a line of its own. */
  readonly rest: string;
}

/** A view is replaced by a new object when it changes, so its text can be kept as long as it lives. */
const texts = new WeakMap<ProfileView, SearchText>();

function textOf(view: ProfileView): SearchText {
  let text = texts.get(view);
  if (!text) {
    const { base, name } = view.profile;
    const baseName = 'key' in base ? base.key : base.profile;
    text = {
      name: name.toLowerCase(),
      rest: `\n${view.accountId}\n${view.roleName.toLowerCase()}\n${baseName.toLowerCase()}`,
    };
    texts.set(view, text);
  }
  return text;
}

function isWordStart(text: string, index: number): boolean {
  const before = text.charAt(index - 1);
  return !((before >= 'a' && before <= 'z') || (before >= '0' && before <= '9'));
}

/** Whether the characters of `word` stand in `text` in their order, with others between them. */
function hasInOrder(text: string, word: string): boolean {
  let found = 0;
  for (let index = 0; index < text.length && found < word.length; index++) {
    if (text.charCodeAt(index) === word.charCodeAt(found)) found++;
  }
  return found === word.length;
}

/** How well one word is found: 0 not at all, more is better. */
function scoreWord(text: SearchText, word: string): number {
  const inName = text.name.indexOf(word);
  if (inName === 0) return text.name === word ? 8 : 6;
  if (inName > 0) return isWordStart(text.name, inName) ? 5 : 4;
  const inRest = text.rest.indexOf(word);
  if (inRest >= 0) return isWordStart(text.rest, inRest) ? 3 : 2;
  return hasInOrder(text.name, word) ? 1 : 0;
}

/**
 * The profiles in which every word of `query` is found: in the name, the account ID, the role or the name of
 * the base, or spread over the name ("sbadm" finds "sandbox-admin"). Equal finds keep the order they came in.
 */
export function search(views: readonly ProfileView[], query: string): readonly ProfileView[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
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
