// SPDX-License-Identifier: Apache-2.0
/** Chromium without a screen, driven by its DevTools protocol. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { TestContext } from "node:test";

const patienceMs = 60_000;

export class Page {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve: (value: any) => void; reject: (error: Error) => void }>();
  #last = 0;
  /** What the page wrote to its console. */
  readonly log: string[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#receive(JSON.parse(String(data))));
  }

  /** Starts the browser with a profile below `root` and opens `url`. */
  static async open(t: TestContext, root: string, url: string): Promise<Page> {
    const args = [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--remote-debugging-port=0",
    ];
    const browser = spawn("chromium", [...args, `--user-data-dir=${join(root, "profile")}`, "about:blank"], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, HOME: root },
    });
    t.after(() => browser.kill());
    const endpoint = await lineOf(browser.stderr, /DevTools listening on (ws:\S+)/);
    const targets = (await (await fetch(`http://${new URL(endpoint).host}/json/list`)).json()) as any[];
    const target = targets.find(({ type }) => type === "page");
    const socket = new WebSocket(target.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    const page = new Page(socket);
    t.after(() => socket.close());
    for (const domain of ["Runtime", "Page"]) await page.#send(`${domain}.enable`);
    await page.#send("Page.navigate", { url });
    return page;
  }

  /** The value of an expression in the page. */
  async evaluate(expression: string): Promise<any> {
    const { result, exceptionDetails } = await this.#send("Runtime.evaluate", { expression, returnByValue: true });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return result.value;
  }

  /** Waits until an expression is true. */
  async wait(expression: string): Promise<void> {
    const until = Date.now() + patienceMs;
    while ((await this.evaluate(expression)) !== true) {
      if (Date.now() > until) throw new Error(`${expression}\n${await this.text()}\n${this.log.join("\n")}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async waitFor(selector: string): Promise<void> {
    await this.wait(`document.querySelector(${JSON.stringify(selector)}) !== null`);
  }

  async waitText(selector: string, text: string): Promise<void> {
    const found = `document.querySelector(${JSON.stringify(selector)})?.textContent`;
    await this.wait(`(${found} ?? "").includes(${JSON.stringify(text)})`);
  }

  /** Clicks when it is there and enabled. */
  async click(selector: string): Promise<void> {
    const found = `document.querySelector(${JSON.stringify(selector)})`;
    await this.wait(`${found} !== null && !${found}.disabled && ${found}.getAttribute("aria-disabled") !== "true"`);
    await this.evaluate(`${found}.click()`);
  }

  async text(): Promise<string> {
    return this.evaluate("document.body.innerText");
  }

  async #send(method: string, params: object = {}): Promise<any> {
    const id = ++this.#last;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #receive(message: any): void {
    if (message.method === "Runtime.consoleAPICalled")
      this.log.push(message.params.args.map((arg: any) => arg.value ?? arg.description).join(" "));
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return;
    this.#waiting.delete(message.id);
    if (message.error === undefined) waiting.resolve(message.result);
    else waiting.reject(new Error(message.error.message));
  }
}

async function lineOf(stream: NodeJS.ReadableStream, pattern: RegExp): Promise<string> {
  let text = "";
  return new Promise((resolve, reject) => {
    stream.on("data", (chunk: Buffer) => {
      text += String(chunk);
      const [, found] = pattern.exec(text) ?? [];
      if (found !== undefined) resolve(found);
    });
    stream.on("close", () => reject(new Error(text)));
  });
}
