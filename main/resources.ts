/**
 * What has been opened and is to be closed in the opposite order. In the place of `AsyncDisposableStack`, which
 * Node has from 24 on.
 */
export class Resources implements AsyncDisposable {
  readonly #opened: (Disposable | AsyncDisposable)[] = [];

  /** Takes charge of `resource`, and returns it. */
  use<Resource extends Disposable | AsyncDisposable>(resource: Resource): Resource {
    this.#opened.push(resource);
    return resource;
  }

  /** Closes all that is open; a second call finds nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (let resource = this.#opened.pop(); resource; resource = this.#opened.pop()) {
      if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]();
      else resource[Symbol.dispose]();
    }
  }
}
