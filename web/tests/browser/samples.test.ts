import {describe, expect, test} from "vitest";
import {allDrawn, expectQuiet, figure, useBrowser} from "./browser.js";
import {screenshotPath, testFacts} from "./pages.js";

const open = useBrowser();

const shownCount = (page: Awaited<ReturnType<typeof open>>["page"]): Promise<number> =>
  page.locator("#samples [data-count]").getAttribute("data-count").then(Number);

describe("The sample browser", () => {
  test("filters by id, text, part, best layer, and W2S against the fixed layer", async () => {
    const opened = await open("tiny");
    const {page} = opened;
    const facts = await testFacts("tiny");
    const {prompts, parts, samples, methods} = facts.behaviors[0]!;
    const [method] = methods;
    expect(await shownCount(page)).toBe(samples);

    const browser = page.locator("#samples");
    await browser.getByLabel("Part").selectOption("validation");
    expect(await shownCount(page)).toBe(parts["validation"]);
    await browser.getByLabel("Part").selectOption("");

    const layer = method!.samples[0]!.best;
    await browser.getByLabel("Best layer").selectOption(String(layer));
    expect(await shownCount(page)).toBe(method!.samples.filter(({best}) => best === layer).length);
    await browser.getByLabel("Best layer").selectOption("");

    const column = (each: number): number => facts.layers.indexOf(each);
    const gains = method!.samples.map(
      ({steerability, choices}) =>
        steerability[column(choices[method!.defaultPolicy]!)]! - steerability[column(method!.fixedLayer)]!,
    );
    await browser.getByRole("button", {name: "better"}).click();
    expect(await shownCount(page)).toBe(gains.filter((gain) => gain > 0).length);
    await browser.getByRole("button", {name: "worse"}).click();
    expect(await shownCount(page)).toBe(gains.filter((gain) => gain < 0).length);
    await browser.getByRole("button", {name: "all", exact: true}).click();

    const {id, before} = prompts[3]!;
    await browser.getByRole("searchbox").fill(id);
    const having = (text: string): number =>
      prompts.filter((each) =>
        `${each.id}\n${each.before}${each.steered}\n${each.chosen}\n${each.rejected}`
          .toLowerCase()
          .includes(text.toLowerCase()),
      ).length;
    await expect.poll(() => shownCount(page)).toBe(having(id));
    const word = before!
      .split(/\s+/)
      .toSorted((a, b) => b.length - a.length)[0]!
      .toUpperCase();
    await browser.getByRole("searchbox").fill(word);
    await expect.poll(() => shownCount(page)).toBe(having(word));
    await browser.getByRole("searchbox").fill("no such text anywhere");
    await expect.poll(() => shownCount(page)).toBe(0);
    expectQuiet(opened);
  });

  test("opens a sample with its prompt, the marked token, its layers and its charts", async () => {
    const opened = await open("tiny");
    const {page} = opened;
    const facts = await testFacts("tiny");
    const {prompts, methods} = facts.behaviors[0]!;
    const prompt = prompts[2]!;
    const sample = methods[0]!.samples.find((each) => each.sample === prompt.sample)!;
    await page
      .locator(".sample-row")
      .filter({has: page.getByText(prompt.id, {exact: true})})
      .click();
    const detail = page.locator("article.detail");
    await detail.waitFor();
    expect(await detail.getAttribute("data-sample")).toBe(prompt.id);
    expect(await detail.locator(".prompt").textContent()).toBe(prompt.before + prompt.steered);
    expect(await detail.locator(".prompt mark").textContent()).toBe(prompt.steered);
    expect(await detail.locator(".tiles").textContent()).toContain(`Optimum: layer ${sample.best}`);
    await allDrawn(page);
    for (const name of ["sample-propensity", "sample-steerability", "sample-probabilities"])
      expect(await figure(page, name).locator(".chart-canvas > svg").count(), name).toBe(1);
    await detail.scrollIntoViewIfNeeded();
    await page.screenshot({path: screenshotPath("sample")});
    expectQuiet(opened);
  });

  test("has an address for each sample, and goes back with the browser", async () => {
    const facts = await testFacts("tiny");
    const {name, prompts} = facts.behaviors.at(-1)!;
    const hash = `#${new URLSearchParams({behavior: name, sample: prompts[4]!.id})}`;
    const opened = await open("tiny", {hash});
    const {page} = opened;
    const detail = page.locator("article.detail");
    await expect.poll(() => detail.getAttribute("data-sample")).toBe(prompts[4]!.id);
    await detail.getByRole("button", {name: "Next"}).click();
    await expect.poll(() => detail.getAttribute("data-sample")).toBe(prompts[5]!.id);
    await page.goBack();
    await expect.poll(() => detail.getAttribute("data-sample")).toBe(prompts[4]!.id);
    await detail.getByRole("button", {name: "Close"}).click();
    expect(await detail.count()).toBe(0);
    expectQuiet(opened);
  });

  test("is used without a mouse: arrow keys move in the list, Enter opens", async () => {
    const opened = await open("tiny");
    const {page} = opened;
    const {prompts} = (await testFacts("tiny")).behaviors[0]!;
    await page.locator(".sample-list").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator("article.detail").getAttribute("data-sample")).toBe(prompts[2]!.id);
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator("article.detail").getAttribute("data-sample")).toBe(prompts.at(-1)!.id);
    expectQuiet(opened);
  });
});

test("The first stop of the tab key is a link that skips to the report", async () => {
  const {page} = await open("tiny");
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to the report");
  await page.keyboard.press("Enter");
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
});
