// The script as the program gets it, where there is a JavaScript engine and nothing around it.
import {fileURLToPath} from "node:url";
import {createContext, runInContext} from "node:vm";
import {build} from "vite";
import {beforeAll, expect, test, vi} from "vitest";

import type {PaperFigure} from "../../../src/paper/main.js";
import {paperTables, small, thirteen} from "./tables.js";

// Building takes its time where others compile.
vi.setConfig({testTimeout: 120_000, hookTimeout: 120_000});

let script = "";

beforeAll(async () => {
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  const built = await build({
    root,
    configFile: `${root}/vite.paper.config.ts`,
    logLevel: "error",
    build: {write: false},
  });
  const [bundle] = Array.isArray(built) ? built : [built];
  if (!bundle || !("output" in bundle)) throw new Error("vite built nothing");
  script = bundle.output.find((output) => output.type === "chunk")!.code;
});

// QuickJS has atob and btoa.
function bareContext(): object {
  const context = createContext({atob, btoa});
  runInContext("delete globalThis.Intl; delete globalThis.console; delete globalThis.WebAssembly", context);
  return context;
}

test("is a classic script that needs no browser, no Intl and no console", () => {
  const context = bareContext();
  expect(runInContext("typeof Intl + typeof document + typeof console", context)).toBe("undefinedundefinedundefined");
  runInContext(script, context);
  const json = JSON.stringify(paperTables(thirteen));
  const answer = runInContext(`paperFigures(${JSON.stringify(json)})`, context) as string;
  const figures = JSON.parse(answer) as PaperFigure[];
  expect(figures).toHaveLength(15);
  for (const {svg} of figures) expect(svg).toContain("</svg>");
});

test("draws what the functions draw here", async () => {
  const {drawFigures} = await import("../../../src/paper/main.js");
  const context = bareContext();
  runInContext(script, context);
  const tables = paperTables(small);
  const answer = runInContext(`paperFigures(${JSON.stringify(JSON.stringify(tables))})`, context) as string;
  expect(JSON.parse(answer)).toEqual(drawFigures(tables));
});
