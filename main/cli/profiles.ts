/** `latchkey profiles [TEXT]`: the profiles that there are. */
import type { ProfileView, State } from '../../preload/contract.ts';
import { inColumns } from './columns.ts';
import { command, ownBroker, refusalOf } from './command.ts';
import { inWords, print, styled } from './output.ts';
import { sessionDocument, stateInWords } from './status.ts';

export const profiles = command({
  summary: 'list the profiles, with their accounts, roles and sessions',
  details: 'The active one has a star.',
  examples: ['latchkey profiles', 'latchkey profiles 123456789012 --json'],
  operands: {
    text: { isOptional: true, summary: 'only those with it in their name, account ID, role or region' },
  },
  options: {
    json: {
      type: 'boolean',
      summary: 'all that a profile has as one JSON document; times are ISO 8601, lengths in seconds',
    },
  },
  async run({ operands: { text = '' }, options }) {
    const answer = await ownBroker().call('state.read', {});
    if ('problem' in answer) throw refusalOf(answer.problem);
    const state = answer.value;
    const found = state.profiles.filter((view) => has(view, text));
    if (options.json) {
      const { active } = state.status;
      print(JSON.stringify({ profiles: found.map((view) => profileDocument(view, active)) }, undefined, 2));
      return;
    }
    for (const line of inColumns(found.map((view) => columnsOf(view, state)))) print(line);
    if (found.length === 0) print(text === '' ? 'There is no profile' : 'No profile has that in it');
  },
});

function has({ profile, accountId, roleName }: ProfileView, text: string): boolean {
  const wanted = text.toLowerCase();
  return [profile.name, accountId, roleName, profile.region].some((field) =>
    field.toLowerCase().includes(wanted),
  );
}

function columnsOf({ profile, accountId, roleName, session }: ProfileView, { status }: State): string[] {
  const { name, region, pinned, readOnly } = profile;
  const isActive = name === status.active;
  const left = session.expiresAtMs === undefined ? '' : `, ${inWords(session.expiresAtMs - Date.now())} left`;
  const marks = [profile.protected && 'protected', readOnly && 'read-only', pinned && 'pinned']
    .filter(Boolean)
    .join(', ');
  return [
    `${isActive ? '*' : ' '} ${isActive ? styled('bold', name) : name}`,
    accountId,
    roleName,
    region,
    session.state === 'idle' ? '' : `${stateInWords(session)}${left}`,
    marks,
  ];
}

function profileDocument(
  { profile, accountId, roleName, effectiveDurationSeconds, session }: ProfileView,
  active: string | null,
) {
  return {
    ...profile,
    accountId,
    roleName,
    effectiveDurationSeconds,
    active: profile.name === active,
    session: sessionDocument(session),
  };
}
