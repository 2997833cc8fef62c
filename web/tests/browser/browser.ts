// Chromium, and a page in it of which everything is recorded that it should not do.
import {type Browser, type BrowserContextOptions, chromium, type Locator, type Page} from "playwright-core";
import {afterAll, beforeAll, expect, vi} from "vitest";
import {removePages, testPage} from "./pages.js";

vi.setConfig({testTimeout: 120_000, hookTimeout: 120_000});

export interface OpenedPage {
  page: Page;
  /** Errors, warnings and dialogs of the page. */
  problems: string[];
  /** Addresses that the page asked for. */
  requests: string[];
  url: string;
}

export interface OpenOptions extends BrowserContextOptions {
  hash?: string;
}

/** Makes empty pages, each in a context of its own; call it in each file of tests. */
export function useChromium(): (options?: BrowserContextOptions) => Promise<Omit<OpenedPage, "url">> {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: process.env["W2S_CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
  });
  afterAll(() => browser.close());

  return async (options = {}) => {
    const context = await browser.newContext({viewport: {width: 1280, height: 860}, ...options});
    const page = await context.newPage();
    const problems: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
    });
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("dialog", (dialog) => {
      problems.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => requests.push(request.url()));
    return {page, problems, requests};
  };
}

/** Opens reports by their names; call it in each file of tests. */
export function useBrowser(): (name: string, options?: OpenOptions) => Promise<OpenedPage> {
  const newPage = useChromium();
  afterAll(removePages);

  return async (name, {hash = "", ...options} = {}) => {
    const {url} = await testPage(name);
    const opened = await newPage(options);
    await opened.page.goto(url + hash);
    await opened.page.locator("#layers").waitFor();
    return {...opened, url};
  };
}

/** Waits until every chart has been drawn. */
export async function allDrawn(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const places = [...document.querySelectorAll(".chart-canvas")];
    return places.length > 0 && places.every((place) => place.firstElementChild || place.closest("[hidden]"));
  });
}

/** Said nothing, and asked for nothing but the report itself. */
export function expectQuiet({problems, requests, url}: OpenedPage): void {
  expect(problems).toEqual([]);
  const leaving = requests.filter((each) => !/^(data|blob):/.test(each) && each.split("#")[0] !== url);
  expect(leaving).toEqual([]);
}

export const figure = (page: Page, name: string): Locator => page.locator(`[data-figure="${name}"]`);

/** Where a point of the chart's own scales is on the screen, after scrolling there. */
export async function screenPoint(chart: Locator, x: number, y: number): Promise<{x: number; y: number}> {
  await chart
    .locator(".chart-canvas svg")
    .first()
    .evaluate((svg) => svg.scrollIntoView({block: "center", behavior: "instant"}));
  return chart.locator(".chart-canvas > svg").evaluate(
    (element, at) => {
      const svg = element as SVGSVGElement & {scale(name: string): {apply(value: number): number; bandwidth?: number}};
      const [xScale, yScale] = [svg.scale("x"), svg.scale("y")];
      const inside = new DOMPoint(xScale.apply(at.x) + (xScale.bandwidth ?? 0) / 2, yScale.apply(at.y));
      const {x, y} = inside.matrixTransform(svg.getScreenCTM()!);
      return {x, y};
    },
    {x, y},
  );
}

/** "id, layer 12: 1.234 (best)" as the tip of a chart tells it. */
export function readTip(text: string): {id: string; layer: number; value: number} {
  const match = /^(.*), layer (\d+): (.\d*\.?\d+)/su.exec(text);
  if (!match) throw new Error(`This is no tip of a chart: ${text}`);
  return {id: match[1]!, layer: Number(match[2]), value: Number(match[3]!.replace("\u2212", "-"))};
}
