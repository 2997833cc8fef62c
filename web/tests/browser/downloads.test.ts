import {readFileSync} from "node:fs";
import type {Page} from "playwright-core";
import {describe, expect, test} from "vitest";
import {allDrawn, expectQuiet, figure, useBrowser} from "./browser.js";
import {testFacts} from "./pages.js";

const open = useBrowser();

async function download(page: Page, name: string, format: "CSV" | "SVG"): Promise<{name: string; text: string}> {
  const waiting = page.waitForEvent("download");
  await figure(page, name).getByRole("button", {name: format}).click();
  const file = await waiting;
  return {name: file.suggestedFilename(), text: readFileSync(await file.path(), "utf8")};
}

describe("Every figure", () => {
  test("has a table of its numbers, and the same as a CSV file", async () => {
    const opened = await open("tiny");
    const {page} = opened;
    await allDrawn(page);
    const {methods} = (await testFacts("tiny")).behaviors[0]!;
    const {name, text} = await download(page, "best-layers", "CSV");
    expect(name).toMatch(/^best-layers_.*\.csv$/);
    const lines = text.trim().split(/\r?\n/);
    expect(lines[0]).toBe("layer,samples,fixed");
    expect(lines.slice(1).map((line) => Number(line.split(",")[1]))).toEqual(methods[0]!.bestCount);
    const ofMap = await download(page, "sample-map", "CSV");
    expect(ofMap.text.split(/\r?\n/)[0]!.length).toBeGreaterThan(10);
    expectQuiet(opened);
  });

  test("is saved as an SVG file that stands for itself", async () => {
    const opened = await open("tiny");
    const {page} = opened;
    await allDrawn(page);
    for (const figureName of ["steerability-by-layer", "sample-map"]) {
      const {name, text} = await download(page, figureName, "SVG");
      expect(name).toMatch(new RegExp(`^${figureName}_.*\\.svg$`));
      expect(text).toContain('xmlns="http://www.w3.org/2000/svg"');
      expect(text).not.toContain("var(--");
      expect(text).not.toContain("chart-mark");
      const faults = await page.evaluate((svg) => {
        const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
        return parsed.querySelectorAll("parsererror, script").length;
      }, text);
      expect(faults).toBe(0);
    }
    expectQuiet(opened);
  });

  test("has numbers in its table that are easy to compare", async () => {
    const opened = await open("tiny");
    const {page} = opened;
    const table = figure(page, "top-k");
    await table.getByRole("button", {name: "Table"}).click();
    const column = (place: number) => table.locator(`tbody td:nth-child(${place})`).allTextContents();
    for (const accuracy of (await column(2)).slice(1)) expect(accuracy).toMatch(/^\d+\.\d%$/);
    for (const steerability of await column(3)) expect(steerability).toMatch(/^\u2212?\d+\.\d{3}$/);
    const alignments = await table
      .locator("tr > :nth-child(3)")
      .evaluateAll((cells) => cells.map((cell) => getComputedStyle(cell).textAlign));
    expect(new Set(alignments)).toEqual(new Set(["right"]));
    expectQuiet(opened);
  });

  test("turns into a table and back, also where its chart was never looked at", async () => {
    const opened = await open("tiny");
    const {page} = opened;
    const chart = figure(page, "kth-best");
    await chart.getByRole("button", {name: "Table"}).click();
    expect(await chart.locator("tbody tr").count()).toBeGreaterThan(1);
    expect(await chart.locator(".chart-canvas").isVisible()).toBe(false);
    await chart.getByRole("button", {name: "Table"}).click();
    await allDrawn(page);
    expect(await chart.locator(".chart-canvas > svg").isVisible()).toBe(true);
    expect(await chart.locator("table").count()).toBe(0);
    expectQuiet(opened);
  });
});
