import type * as z from 'zod/mini';

/** The first thing that a schema found wrong, in words for a person. */
export interface FirstProblem {
  /** Where, as `profiles.0.region`; empty for the whole. */
  readonly path: string;
  /** The innermost named field. */
  readonly field: string | undefined;
  readonly message: string;
}

/** Our schemas say what would be right at every field that a person fills in; what they leave unsaid is said here. */
export function firstProblem(error: z.core.$ZodError): FirstProblem {
  const [issue] = error.issues;
  const path = issue?.path.map(String) ?? [];
  const field = issue?.path.findLast((part) => typeof part === 'string');
  return {
    path: path.join('.'),
    field,
    message: issue ? messageOf(issue) : 'The input is not of the right form',
  };
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `${issue.keys.join(', ')}: there is no such field`;
  // What zod/mini says where a schema has no message of its own.
  if (issue.message !== 'Invalid input') return issue.message;
  return issue.code === 'invalid_type'
    ? `must be ${issue.expected === 'object' ? 'a JSON object' : issue.expected}`
    : 'not of the right form';
}
