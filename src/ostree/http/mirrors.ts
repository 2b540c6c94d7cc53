// SPDX-License-Identifier: Apache-2.0
import { HttpClient } from "./client.ts";
import type { Answer, ClientOptions, GetOptions } from "./model.ts";

/** Clients of several servers that have the same files: what one lacks or fails to give is asked of the next. */
export class MirroredClient implements Disposable {
  readonly #clients: readonly HttpClient[];

  /** @param options of each server, in the order in which they are asked; at least one */
  constructor(options: readonly ClientOptions[]) {
    this.#clients = options.map((one) => new HttpClient(one));
  }

  get transferred(): number {
    return this.#clients.reduce((sum, { transferred }) => sum + transferred, 0);
  }

  /** As HttpClient.get. The answer of the last server stands when none has the file. */
  async get(name: string, options: GetOptions): Promise<Answer> {
    const last = this.#clients.length - 1;
    for (const [index, client] of this.#clients.entries()) {
      if (index === last) return client.get(name, options);
      const answer = await client.get(name, options).catch(() => undefined);
      if (answer?.body || answer?.status === 304) return answer;
    }
    throw new Error("a client needs a server");
  }

  /** Where `name` is, for messages: on the last server, which is the one whose failure counts. */
  urlOf(name: string): string {
    const url = new URL(this.#clients.at(-1)!.options.url);
    url.username = url.password = "";
    return `${url.href.replace(/\/$/, "")}/${name}`;
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client[Symbol.dispose]();
  }
}
