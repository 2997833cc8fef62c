// `w2s serve` as the tests of its page need it: the program W2S_PROGRAM, with what serve_example has written into the
// folder W2S_SERVE_EXAMPLE.
import {type ChildProcess, spawn} from "node:child_process";
import {writeFileSync} from "node:fs";
import {join} from "node:path";
import {afterAll, beforeAll, expect} from "vitest";
import {type OpenedPage, useChromium} from "./browser.js";

const program = process.env["W2S_PROGRAM"];
const example = process.env["W2S_SERVE_EXAMPLE"];

/** Whether there is a program to test. */
export const canServe = program !== undefined && example !== undefined;

export const warm = `warm=${join(example ?? "", "results", "warm")}`;
export const openMinded = `open=${join(example ?? "", "results", "open")}`;
export const calm = `calm=${join(example ?? "", "calm.gguf")}`;
/** Of the example's model. */
export const layers = 4;
export const fixedLayer = 1;

// As the real one, it needs a script of its own, and allows nothing else.
const report = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'" />
    <title>A report</title>
  </head>
  <body>
    <h1></h1>
    <script>document.querySelector("h1").textContent = "What was measured";</script>
  </body>
</html>
`;

export interface ChatServer {
  url: string;
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>;
}

/** Starts servers, which end with the file of tests that calls it. */
export function useServers(): (options?: readonly string[]) => Promise<ChatServer> {
  const running: ChildProcess[] = [];
  beforeAll(() => {
    if (canServe) writeFileSync(join(example!, "results", "report.html"), report);
  });
  const end = (child: ChildProcess): Promise<void> =>
    new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once("exit", () => resolve());
      child.kill("SIGKILL");
    });
  afterAll(() => Promise.all(running.map(end)));

  return async (options = ["--steer", warm, "--steer", calm]) => {
    const fixed = ["serve", "-m", join(example!, "model.gguf"), "--port", "0", "-t", "1", "-c", "65536"];
    const child = spawn(program!, [...fixed, ...options], {stdio: ["ignore", "ignore", "pipe"]});
    running.push(child);
    return {url: await addressOf(child), kill: () => end(child)};
  };
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.once("exit", (code) => reject(new Error(`w2s serve ended with ${code}: ${said}`)));
    child.stderr!.on("data", (text: Buffer) => {
      said += text.toString();
      const [, url] = /listens at (\S+)/.exec(said) ?? [];
      if (url) resolve(url);
    });
  });
}

/** Opens the page of a server, and waits until one can ask there. */
export function useChat(): (
  server: ChatServer,
  options?: Parameters<ReturnType<typeof useChromium>>[0],
) => Promise<OpenedPage> {
  const newPage = useChromium();
  return async ({url}, options) => {
    const opened = await newPage(options);
    await opened.page.goto(url);
    await opened.page.locator("main").waitFor();
    return {...opened, url};
  };
}

/** Said nothing, and asked nobody but its own server. */
export function expectQuietChat({problems, requests, url}: OpenedPage): void {
  expect(problems).toEqual([]);
  expect(requests.filter((each) => !/^(data|blob):/.test(each) && new URL(each).origin !== url)).toEqual([]);
}
