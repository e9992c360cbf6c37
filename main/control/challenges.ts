import { createHash, randomInt } from 'node:crypto';
import { deadlineIn, type Deadline } from '../approvals/deadline.ts';
import { processInWords } from '../approvals/program-words.ts';
import { Failure } from '../failure.ts';
import type { Client, Clock } from '../platform/ports.ts';
import { showOnTerminal } from '../platform/terminal.ts';

/** How long a number can be given, and how often a wrong one. Of 10,000 numbers that makes three guesses a minute. */
export const challengeLifeMs = 60_000;
const mostTries = 3;

/** What only a person may do. */
export interface AskedFor {
  /** The call's name and input: the number that was shown for one call is good for no other. */
  readonly call: string;
  readonly input: unknown;
  /** What it does, after "to". With another state of things the same input may do something else: it counts, too. */
  readonly inWords: string;
}

interface Challenge {
  readonly number: string;
  readonly askedFor: string;
  readonly deadline: Deadline;
  triesLeft: number;
}

/**
 * Makes sure that a person is at a program's terminal: a number is shown there, by this process and not by the program,
 * and has to be given back. A program can write to its terminal and read what is typed there, but not what is shown.
 * It does not help against one that made the terminal itself, as `script` and `expect` do.
 */
export class Challenges {
  readonly #clock: Clock;
  /** By terminal: one for each, the latest. */
  readonly #challenges = new Map<string, Challenge>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Returns where `answer` is the number that was shown on the client's terminal for just this.
   * @throws Failure ChallengeNeeded once a number is shown there, or where `answer` is a wrong one; Refused where there is
   * no terminal of this user, or wrong numbers were given too often
   */
  async confirm(
    client: Client | undefined,
    { call, input, inWords }: AskedFor,
    answer: string | undefined,
  ): Promise<void> {
    const terminal = client?.process.terminal;
    if (client === undefined || terminal === undefined)
      throw new Failure(
        'Refused',
        `Only a person may ${inWords}: do it in the interface, or with this command in a terminal`,
      );
    this.#dropThoseOver();
    const before = this.#challenges.get(terminal);
    if (before?.triesLeft === 0) throw tooOften();
    // Of the input there may be a secret.
    const askedFor = createHash('sha256')
      .update(JSON.stringify([call, input, inWords]))
      .digest('base64url');
    if (answer !== undefined && before?.askedFor === askedFor) {
      if (answer === before.number) {
        this.#challenges.delete(terminal);
        return;
      }
      before.triesLeft -= 1;
      if (before.triesLeft === 0) throw tooOften();
      throw new Failure('ChallengeNeeded', 'That is not the number that is shown; type it again');
    }
    const number = String(randomInt(10_000)).padStart(4, '0');
    const deadline = deadlineIn(this.#clock, challengeLifeMs);
    // A new number does not give new tries.
    this.#challenges.set(terminal, { number, askedFor, deadline, triesLeft: before?.triesLeft ?? mostTries });
    await showOnTerminal(
      terminal,
      `Latchkey is asked by ${processInWords(client.process)} to ${inWords}. If that is you, type this number: ${number}`,
    );
    throw new Failure(
      'ChallengeNeeded',
      `A number is shown on the terminal ${terminal}; type it to ${inWords}`,
    );
  }

  #dropThoseOver(): void {
    for (const [terminal, { deadline }] of this.#challenges)
      if (deadline.isOver()) this.#challenges.delete(terminal);
  }
}

function tooOften(): Failure {
  return new Failure('Refused', `A wrong number was given ${mostTries} times; try again in a minute`);
}
