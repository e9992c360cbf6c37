/** What is wrong with a form's fields, by field. Pure. */
import type { Problem } from '../../preload/contract.ts';

export type Messages = Readonly<Record<string, string>>;

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** The first message for each field; `parent` is where the form's fields stand in the call's input. */
export function messagesByField(issues: readonly Issue[], parent?: string): Messages {
  const messages: Record<string, string> = {};
  for (const { path, message } of issues) {
    const field = path[0] === parent ? path[1] : path[0];
    if (typeof field === 'string') messages[field] ??= message;
  }
  return messages;
}

/** The broker's answer as a message of the field it names (its last part, where it is a path), if the form has that field. */
export function messageOfProblem(problem: Problem, fields: readonly string[]): Messages {
  const field = problem.field?.split('.').at(-1);
  return field && fields.includes(field) ? { [field]: problem.message } : {};
}
