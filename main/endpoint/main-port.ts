import { Failure } from '../failure.ts';
import type { Endpoint } from './server.ts';

/** The port that every program can ask, unless it is sent to a profile's own. A change of the settings moves it. */
export class MainPort implements AsyncDisposable {
  readonly #serve: (port: number) => Promise<Endpoint>;
  /** There where the port was chosen for this run: the settings then decide about the next one. */
  readonly #chosen: number | undefined;
  #served: { readonly port: number; readonly endpoint: Endpoint } | undefined;
  #lastMove: Promise<void> = Promise.resolve();
  #hasEnded = false;

  /** @param serve opens an endpoint; rejects where the port cannot be had */
  constructor(serve: (port: number) => Promise<Endpoint>, chosen: number | undefined) {
    this.#serve = serve;
    this.#chosen = chosen;
  }

  /** The base URL, with a trailing slash; empty until it is served. */
  get url(): string {
    return this.#served?.endpoint.url ?? '';
  }

  /** Serves the port of the settings, or the one that was chosen. @throws Failure PortTaken, with what can be done */
  async start(port: number): Promise<void> {
    const endpoint = await this.#serve(this.#chosen ?? port).catch((error: unknown) => {
      throw error instanceof Failure && error.code === 'PortTaken' ? withAdvice(error) : error;
    });
    this.#served = { port, endpoint };
  }

  /**
   * Writes a change of the port down by `save`, and serves the new one in place of the old. What fails leaves the old one
   * served: a port that cannot be had, and a change that cannot be written.
   * @throws Failure PortTaken; what `save` rejects with
   */
  async move(port: number, save: () => Promise<void>): Promise<void> {
    const move = this.#lastMove.then(() => this.#move(port, save));
    this.#lastMove = move.catch(() => undefined);
    await move;
  }

  /** Also what moves just now is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#hasEnded = true;
    await this.#lastMove;
    await this.#served?.endpoint[Symbol.asyncDispose]();
    this.#served = undefined;
  }

  async #move(port: number, save: () => Promise<void>): Promise<void> {
    const before = this.#served;
    if (this.#chosen !== undefined || port === before?.port || this.#hasEnded) {
      await save();
      return;
    }
    const endpoint = await this.#serve(port);
    // Before it is written: who is told of the change is told the new address.
    this.#served = { port, endpoint };
    try {
      await save();
    } catch (error) {
      this.#served = before;
      await endpoint[Symbol.asyncDispose]();
      throw error;
    }
    await before?.endpoint[Symbol.asyncDispose]();
  }
}

/** There is no window yet in which another one could be set. */
function withAdvice({ code, message, field }: Failure): Failure {
  const advice =
    'End that program, or choose another port: "settings": { "port": … } in config.json, or --port for this run.';
  return new Failure(code, `${message}. ${advice}`, { field });
}
