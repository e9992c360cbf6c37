import type { Chain, ChainStep } from '../../preload/contract.ts';
import { findProfile, lineageOf } from '../configuration/configuration.ts';
import { Failure } from '../failure.ts';
import { chainOf, stepsOf, type Step } from '../sessions/chain.ts';
import type { BrokerParts } from './parts.ts';
import { keyView, sessionView } from './views.ts';

/**
 * A profile's chain with where each step of it stands.
 * @throws Failure NotFound where there is no such profile
 */
export function chainView({ configuration, sessions }: BrokerParts, name: string): Chain {
  const { current } = configuration;
  const profile = findProfile(current, name);
  if (!profile) throw new Failure('NotFound', `There is no profile "${name}"`, { field: 'name' });
  const { profiles, key } = lineageOf(current, profile);
  const steps = stepsOf(chainOf(current, profile));
  // A step for each profile, from the key on, behind the one that takes a code, where there is that.
  const names = profiles.map((each) => each.name).toReversed();
  const before = steps.length - names.length;
  return {
    key: keyView(key),
    steps: steps.map((step, index) =>
      stepView(step, names[index - before] ?? name, sessionView(sessions.standingOf(step))),
    ),
  };
}

function stepView(step: Step, profile: string, session: ChainStep['session']): ChainStep {
  if (step.operation === 'GetSessionToken') {
    const { operation, mfaSerial, durationSeconds } = step;
    return { operation, mfaSerial, durationSeconds, session };
  }
  const { operation, roleArn, externalId, mfaSerial, mfaMaximumAgeSeconds, durationSeconds } = step;
  return {
    operation,
    profile,
    roleArn,
    externalId,
    mfaSerial,
    mfaMaximumAgeSeconds,
    durationSeconds,
    session,
  };
}
