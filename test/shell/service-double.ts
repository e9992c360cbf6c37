/** A service whose state a test sets, in the place of a broker: what the shell's own logic is tested with. */
import type {
  Answer,
  BrokerEvent,
  ProfileView,
  Prompt,
  SessionView,
  State,
  Status,
} from '../../preload/contract.ts';
import { stateAfter } from '../../main/shell/state-after.ts';
import { emptyStatus } from '../fixtures/status.ts';
import type { Service } from '../../main/control/service.ts';

export class ServiceDouble implements Service {
  state: State;
  readonly calls: { name: string; input: unknown }[] = [];
  answer: Answer<unknown> = { value: {} };
  readonly #listeners = new Set<(event: BrokerEvent) => void>();

  constructor(state: State) {
    this.state = state;
  }

  get subscribers(): number {
    return this.#listeners.size;
  }

  call(name: string, input: unknown): Promise<Answer<unknown>> {
    this.calls.push({ name, input });
    return Promise.resolve(this.answer);
  }

  subscribe(listener: (event: BrokerEvent) => void): Disposable {
    this.#listeners.add(listener);
    listener({ type: 'state', state: this.state });
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  emit(event: BrokerEvent): void {
    this.state = stateAfter(this.state, event) ?? this.state;
    for (const listener of this.#listeners) listener(event);
  }

  changeStatus(change: Partial<Status>): void {
    this.emit({ type: 'status', status: { ...this.state.status, ...change } });
  }
}

export function status(change: Partial<Status> = {}): Status {
  return { ...emptyStatus, ...change };
}

export function profile(
  name: string,
  session: SessionView = { state: 'idle' },
  details: { accountId?: string; protected?: boolean; pinned?: boolean; readOnly?: boolean } = {},
): ProfileView {
  const accountId = details.accountId ?? '444455556666';
  return {
    profile: {
      name,
      roleArn: `arn:aws:iam::${accountId}:role/Reader`,
      base: { key: 'work' },
      region: 'eu-central-1',
      durationSeconds: 3600,
      baseDurationSeconds: 43_200,
      colour: 'slate',
      protected: details.protected ?? false,
      pinned: details.pinned ?? false,
      readOnly: details.readOnly ?? false,
    },
    accountId,
    roleName: 'Reader',
    sessionArn: `arn:aws:sts::${accountId}:assumed-role/Reader/alice`,
    effectiveDurationSeconds: 3600,
    session,
  };
}

export function prompt(change: Partial<Prompt> = {}): Prompt {
  return {
    serial: 'arn:aws:iam::111122223333:mfa/alice',
    profile: 'prod',
    accountId: '444455556666',
    cause: 'program',
    state: 'waiting',
    sinceMs: 0,
    ...change,
  };
}
