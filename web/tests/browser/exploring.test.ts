import type {Page} from "playwright-core";
import {describe, expect, test} from "vitest";
import {allDrawn, expectQuiet, figure, readTip, screenPoint, useBrowser} from "./browser.js";
import {testFacts} from "./pages.js";

const open = useBrowser();

/** The test samples of the first behaviour and method, in the order of the file. */
async function testSamples() {
  const facts = await testFacts("tiny");
  const {prompts, methods} = facts.behaviors[0]!;
  const [method] = methods;
  const samples = prompts
    .filter(({part}) => part === "test")
    .map(({sample, id}) => ({id, ...method!.samples.find((each) => each.sample === sample)!}));
  return {facts, method: method!, samples};
}

/** The heat map with its rows in the order of the file. */
async function openMap() {
  const opened = await open("tiny");
  const {page} = opened;
  await allDrawn(page);
  const chart = figure(page, "sample-map");
  await chart.getByRole("button", {name: "file"}).click();
  await allDrawn(page);
  return {opened, page, chart, ...(await testSamples())};
}

/** What the page said last, aloud. */
async function announced(page: Page) {
  return readTip((await page.locator("#announcements").textContent())!);
}

describe("Pointing at the chart of steerability by layer", () => {
  test("shows the line, the id and the value of the nearest sample", async () => {
    const opened = await open("tiny");
    const {page} = opened;
    await allDrawn(page);
    const {facts, samples} = await testSamples();
    const chart = figure(page, "steerability-by-layer");
    const ends = await chart
      .locator(".chart-canvas > svg")
      .evaluate((svg) => (svg as never as {scale(name: string): {domain: number[]}}).scale("y").domain);
    let compared = 0;
    for (const [i, sample] of samples.entries()) {
      const column = (i * 5) % facts.layers.length;
      const value = sample.steerability[column]!;
      const others = samples
        .filter((each) => each !== sample)
        .map((each) => Math.abs(each.steerability[column]! - value));
      // A tie is no question to ask, and what is outside of the chart is not to be pointed at.
      const room = (ends[1]! - ends[0]!) / 400;
      if (Math.min(...others) < room || value < ends[0]! || value > ends[1]!) continue;
      const {x, y} = await screenPoint(chart, facts.layers[column]!, value);
      await page.mouse.move(x, y);
      const tip = readTip((await chart.locator(".chart-tip").textContent())!);
      expect(tip.id).toBe(sample.id);
      expect(tip.layer).toBe(facts.layers[column]);
      expect(tip.value).toBeCloseTo(value, 2);
      expect(await chart.locator(".chart-mark polyline").count()).toBe(1);
      ++compared;
    }
    expect(compared).toBeGreaterThan(2);
    await page.mouse.move(2, 2);
    expect(await chart.locator(".chart-tip").count()).toBe(0);
    expectQuiet(opened);
  });
});

describe("The heat map", () => {
  test("tells sample, layer and steerability of the cell under the pointer, and which layers are special", async () => {
    const {opened, page, chart, facts, method, samples} = await openMap();
    for (const [row, sample] of samples.entries()) {
      const column = row % 2 === 0 ? facts.layers.indexOf(sample.best) : (row * 3) % facts.layers.length;
      const {x, y} = await screenPoint(chart, facts.layers[column]!, row + 0.5);
      await page.mouse.move(x, y);
      const text = (await chart.locator(".chart-tip").textContent())!;
      const tip = readTip(text);
      expect(tip.id).toBe(sample.id);
      expect(tip.layer).toBe(facts.layers[column]);
      expect(tip.value).toBeCloseTo(sample.steerability[column]!, 2);
      expect(text.includes("best")).toBe(facts.layers[column] === sample.best);
      expect(text.includes("fixed")).toBe(facts.layers[column] === method.fixedLayer);
    }
    expectQuiet(opened);
  });

  test("opens the sample of a row that is clicked", async () => {
    const {opened, page, chart, facts, samples} = await openMap();
    const {x, y} = await screenPoint(chart, facts.layers[1]!, 3.5);
    await page.mouse.click(x, y);
    await expect.poll(() => page.locator("article.detail").getAttribute("data-sample")).toBe(samples[3]!.id);
    expectQuiet(opened);
  });

  test("is explored with the arrow keys, which say aloud what is there, and Enter", async () => {
    const {opened, page, chart, facts, method, samples} = await openMap();
    await chart.locator(".chart-canvas").focus();
    await page.keyboard.press("ArrowDown");
    expect(await announced(page)).toMatchObject({id: samples[0]!.id, layer: method.fixedLayer});
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Home");
    expect(await announced(page)).toMatchObject({id: samples[1]!.id, layer: facts.layers[0]});
    await page.keyboard.press("ArrowRight");
    expect(await announced(page)).toMatchObject({id: samples[1]!.id, layer: facts.layers[1]});
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator("article.detail").getAttribute("data-sample")).toBe(samples[1]!.id);
    expectQuiet(opened);
  });
});

test("The arrow keys go through layers and samples of the chart of steerability by layer", async () => {
  const opened = await open("tiny");
  const {page} = opened;
  await allDrawn(page);
  const {facts, method, samples} = await testSamples();
  const column = facts.layers.indexOf(method.fixedLayer);
  const ranked = samples.toSorted((a, b) => b.steerability[column]! - a.steerability[column]!);
  await figure(page, "steerability-by-layer").locator(".chart-canvas").focus();
  await page.keyboard.press("ArrowDown");
  expect(await announced(page)).toMatchObject({id: ranked[0]!.id, layer: method.fixedLayer});
  await page.keyboard.press("ArrowDown");
  expect(await announced(page)).toMatchObject({id: ranked[1]!.id, layer: method.fixedLayer});
  await page.keyboard.press("End");
  expect(await announced(page)).toMatchObject({id: ranked[1]!.id, layer: facts.layers.at(-1)});
  await page.keyboard.press("Escape");
  expect(await figure(page, "steerability-by-layer").locator(".chart-tip").count()).toBe(0);
  expectQuiet(opened);
});
