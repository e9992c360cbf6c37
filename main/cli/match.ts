/** Names as a person types them. */
import { Refusal } from './command.ts';
import { say } from './output.ts';

const mostCandidates = 5;

/**
 * The one of `names` that is meant by `typed`: the name itself, else the only one that begins with it, has it in it,
 * or has its characters in their order, in upper or lower case.
 * @param kind what the names are of, in the singular
 * @throws Refusal that lists what it could be
 */
export function matchName(typed: string, names: readonly string[], kind: string): string {
  if (names.includes(typed)) return typed;
  const wanted = typed.toLowerCase();
  for (const matches of [equals, begins, contains, inOrder]) {
    const found = names.filter((name) => matches(name.toLowerCase(), wanted));
    const [first] = found;
    if (first === undefined) continue;
    if (found.length === 1) return first;
    throw new Refusal(`${JSON.stringify(typed)} could be ${several(found)}`);
  }
  if (names.length === 0) {
    const hint =
      kind === 'profile' ? '; add one with: latchkey profile add, or in the interface: latchkey open' : '';
    throw new Refusal(`there is no ${kind} yet${hint}`);
  }
  throw new Refusal(`there is no ${kind} ${JSON.stringify(typed)}; there is ${several(names)}`);
}

/**
 * The profile that a program is given. A script has to name it whole: what a part of a name fits changes with the
 * profiles that there are. A person at a terminal is told which it is.
 * @throws Refusal as `matchName`
 */
export function matchProfileToGive(typed: string, names: readonly string[]): string {
  const name = matchName(typed, names, 'profile');
  if (name === typed) return name;
  if (!process.stderr.isTTY)
    throw new Refusal(
      `there is no profile ${JSON.stringify(typed)}; is it ${name}? Without a terminal it takes the whole name`,
    );
  say(`The profile is ${name}`);
  return name;
}

/** What a command says that takes whole names, of one that no profile has. */
export function noProfile(name: string): Refusal {
  return new Refusal(`there is no profile ${JSON.stringify(name)}; latchkey profiles shows those there are`);
}

const equals = (name: string, wanted: string) => name === wanted;
const begins = (name: string, wanted: string) => name.startsWith(wanted);
const contains = (name: string, wanted: string) => name.includes(wanted);

function inOrder(name: string, wanted: string): boolean {
  let from = 0;
  for (const character of wanted) {
    const at = name.indexOf(character, from);
    if (at === -1) return false;
    from = at + character.length;
  }
  return true;
}

function several(names: readonly string[]): string {
  const shown = names.slice(0, mostCandidates).join(', ');
  const more = names.length - mostCandidates;
  return more > 0 ? `${shown} and ${more} more` : shown;
}
