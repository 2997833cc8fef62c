import {describe, expect, test} from "vitest";
import {allDrawn, expectQuiet, figure, useBrowser} from "./browser.js";
import {screenshotPath, testFacts} from "./pages.js";

const open = useBrowser();

const everyFigure = [
  "overview",
  "steerability-by-layer",
  "sample-map",
  "best-layers",
  "layer-deviation",
  "gain-by-sample",
  "top-k",
  "kth-best",
  "variants",
  "training-curves",
  "validation-grid",
  "encoder-map",
  "silhouettes",
  "noise-floor",
];

describe("The report", () => {
  test("opens from disk and has its answer and a chart in every figure", async () => {
    const opened = await open("several");
    const {page} = opened;
    expect(await page.locator("h1").textContent()).toMatch(/Steering each input at its own layer/);
    await allDrawn(page);
    for (const name of everyFigure) {
      const box = await figure(page, name).locator(".chart-canvas > svg").boundingBox();
      expect(box?.width, name).toBeGreaterThan(200);
      expect(box?.height, name).toBeGreaterThan(60);
    }
    expect(await page.locator(".figure svg[aria-label]").count()).toBeGreaterThanOrEqual(everyFigure.length);
    await page.screenshot({path: screenshotPath("light"), fullPage: true});
    expectQuiet(opened);
  });

  test("shows what the program measured, and opens quietly", async () => {
    const opened = await open("tiny");
    const {page} = opened;
    const facts = await testFacts("tiny");
    await allDrawn(page);
    const [first] = facts.behaviors;
    const [method] = first!.methods;
    expect(await page.locator("#answer").textContent()).toContain(`${method!.fixedLayer}`);
    expect(await page.locator("#layers .lead").textContent()).toContain(`${first!.parts["test"]} test samples`);
    await figure(page, "best-layers").getByRole("button", {name: "Table"}).click();
    const cells = await figure(page, "best-layers").locator("tbody td:nth-child(2)").allTextContents();
    expect(cells.map(Number)).toEqual(method!.bestCount);
    expectQuiet(opened);
  });

  test("says of what a folder lacks why it is missing and which command adds it", async () => {
    const opened = await open("bare");
    const {page} = opened;
    await allDrawn(page);
    const commands = {
      "encoder-map": "w2s encoders DIR",
      variants: "w2s run --variants all",
      "training-curves": "w2s fit DIR",
      "validation-grid": "w2s fit DIR",
    };
    for (const [name, command] of Object.entries(commands))
      expect(await figure(page, name).locator("code").allTextContents(), name).toContain(command);
    expect(await page.locator("#samples").textContent()).toContain("Their texts are not in this folder");
    expect(await page.locator("#reproduce").textContent()).toContain("Times were not recorded");
    expectQuiet(opened);
  });

  test("follows the pickers of behaviour, method and policy, and keeps them in its address", async () => {
    const opened = await open("several");
    const {page} = opened;
    const facts = await testFacts("several");
    const {name, methods} = facts.behaviors[2]!;
    const head = page.locator(".page-head");
    await head.getByLabel("Behaviour").selectOption(name);
    await head.getByLabel("Method").selectOption(methods[1]!.method);
    await head.getByLabel("Policy").selectOption("w2s-top3");
    expect(await page.locator("#answer .eyebrow").textContent()).toBe(`${name} ${methods[1]!.method} W2S Top-3`);
    const address = page.url();
    await page.goto("about:blank");
    await page.goto(address);
    await page.locator("#layers").waitFor();
    expect(await page.locator("#answer .eyebrow").textContent()).toBe(`${name} ${methods[1]!.method} W2S Top-3`);
    expectQuiet(opened);
  });

  test("keeps its place when another behaviour is picked", async () => {
    const opened = await open("several");
    const {page} = opened;
    await allDrawn(page);
    await page.locator("#predictor").evaluate((section) => section.scrollIntoView({behavior: "instant"}));
    const place = () => page.locator("#predictor").evaluate((section) => section.getBoundingClientRect().top);
    const before = await place();
    const {name} = (await testFacts("several")).behaviors[1]!;
    await page.locator(".page-head").getByLabel("Behaviour").selectOption(name);
    await expect.poll(() => page.locator("#report [data-behavior]").getAttribute("data-behavior")).toBe(name);
    await allDrawn(page);
    expect(Math.abs((await place()) - before)).toBeLessThan(200);
    expectQuiet(opened);
  });

  test("leads from the overview's table to a behaviour", async () => {
    const opened = await open("several");
    const {page} = opened;
    const {name} = (await testFacts("several")).behaviors[1]!;
    await page.locator("#overview").getByRole("button", {name}).click();
    await expect.poll(() => page.locator("#answer .eyebrow").textContent()).toContain(name);
    expectQuiet(opened);
  });

  test.each([
    ["a phone", {viewport: {width: 360, height: 780}}],
    ["a small tablet", {viewport: {width: 700, height: 900}}],
  ])("needs no sideways scrolling on %s", async (name, options) => {
    const opened = await open("several", options);
    const {page} = opened;
    await allDrawn(page);
    await page.locator(".sample-row").first().click();
    await page.locator("article.detail").waitFor();
    await allDrawn(page);
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(await overflow()).toBeLessThanOrEqual(0);
    for (const each of await page.locator(".figure-tools").getByRole("button", {name: "Table"}).all())
      await each.click();
    expect(await overflow()).toBeLessThanOrEqual(0);
    await page.screenshot({path: screenshotPath(name.replace(/^a /, "").replace(" ", "-"))});
    expectQuiet(opened);
  });

  test("is dark where the system is, and changes by its button", async () => {
    const opened = await open("several", {colorScheme: "dark"});
    const {page} = opened;
    await allDrawn(page);
    const brightness = () =>
      page.evaluate(() => {
        const channels = getComputedStyle(document.body).backgroundColor.match(/\d+/g)!.map(Number);
        return (channels[0]! + channels[1]! + channels[2]!) / 3;
      });
    expect(await brightness()).toBeLessThan(60);
    await page.screenshot({path: screenshotPath("dark"), fullPage: true});
    await page.getByRole("button", {name: "Use light colours"}).click();
    expect(await brightness()).toBeGreaterThan(200);
    await page.getByRole("button", {name: "Use dark colours"}).click();
    expect(await brightness()).toBeLessThan(60);
    expectQuiet(opened);
  });

  test("prints in light colours with all charts and without controls", async () => {
    const opened = await open("several", {colorScheme: "dark"});
    const {page} = opened;
    await page.emulateMedia({media: "print"});
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    const empty = await page.locator(".chart-canvas:empty").count();
    expect(empty).toBe(0);
    expect(await page.locator(".pickers, .figure-tools, .filters").filter({visible: true}).count()).toBe(0);
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(255, 255, 255)");
    const pdf = await page.pdf({format: "A4"});
    expect(pdf.length).toBeGreaterThan(50_000);
    expectQuiet(opened);
  });
});
