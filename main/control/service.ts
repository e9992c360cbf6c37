/** The contract's server side, whatever the transport. */
import type { Answer, BrokerEvent, CallName } from '../../preload/contract.ts';
import type { Caller } from './caller.ts';

export interface Service {
  /**
   * Parses `input` by the contract and carries the call out. Never rejects: what went wrong is the
   * answer's `problem`. Unknown names and malformed input are answered the same way.
   */
  call(name: CallName | (string & {}), input: unknown): Promise<Answer<unknown>>;
  /** Tells `listener` the state and every change of it until the result is disposed. */
  subscribe(listener: (event: BrokerEvent) => void): Disposable;
}

/** The service as a caller has it: what may be done depends on who does it. */
export interface ServiceByCaller {
  by(caller: Caller): Service;
}
