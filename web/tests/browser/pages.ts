// The pages that the browser tests open: those that the C++ program made, in the folder W2S_PAGES, or else synthetic
// ones in a freshly built template.
import {existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join, resolve} from "node:path";
import {pathToFileURL} from "node:url";
import {build} from "vite";
import {factsByProgram, factsOf, type PageFacts} from "./facts.js";
import {hostile, pageOf, synthetic, type Synthetic} from "../synthetic.js";

export const mweBehaviors = [
  "anti-LGBTQ",
  "not-threat",
  "not-watched",
  "narcissism",
  "openness",
  "utilitarianism",
  "deontology",
  "physical-force",
  "corrigible",
  "myopic",
  "awareness-good",
  "awareness-llm",
  "awareness-web",
];

const makers: Record<string, () => Synthetic> = {
  tiny: () => synthetic({behaviors: ["warm", "formal"], samples: 48, layers: 12}),
  several: () =>
    synthetic({behaviors: ["openness", "myopic", "corrigible"], methods: ["caa", "l2s"], samples: 80, layers: 24}),
  bare: () => synthetic({samples: 20, layers: 8, complete: false, prompts: false}),
  hostile,
  large: () => synthetic({behaviors: mweBehaviors, samples: 1000, layers: 40}),
};

const folder = mkdtempSync(join(tmpdir(), "w2s-pages-"));
let template: Promise<string> | null = null;

/** Builds report.html as the program's build does. */
export function builtTemplate(): Promise<string> {
  template ??= (async () => {
    const root = resolve(import.meta.dirname, "../..");
    process.env["W2S_WEB_OUTPUT"] = folder;
    await build({root, configFile: join(root, "vite.report.config.ts"), logLevel: "error"});
    return readFileSync(join(folder, "report.html"), "utf8");
  })();
  return template;
}

export function removePages(): void {
  rmSync(folder, {recursive: true, force: true});
}

export interface TestPage {
  path: string;
  url: string;
}

/** What is to be seen on the page of that name. */
export async function testFacts(name: string): Promise<PageFacts> {
  return factsByProgram(name) ?? factsOf(makers[name]!());
}

/** "tiny", "hostile" or "large", by the program if it made one; also "several" and "bare". */
export async function testPage(name: string): Promise<TestPage> {
  const made = process.env["W2S_PAGES"];
  const byProgram = made ? join(made, `${name}.html`) : "";
  if (byProgram && existsSync(byProgram)) return {path: byProgram, url: pathToFileURL(byProgram).href};
  const path = join(folder, `${name}-page.html`);
  if (!existsSync(path)) writeFileSync(path, pageOf(await builtTemplate(), makers[name]!()));
  return {path, url: pathToFileURL(path).href};
}

export function screenshotPath(name: string): string {
  const place = process.env["W2S_SCREENSHOTS"] ?? join(tmpdir(), "w2s-screenshots");
  mkdirSync(place, {recursive: true});
  return join(place, `${name}.png`);
}
