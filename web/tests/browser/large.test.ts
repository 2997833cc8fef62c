import {statSync} from "node:fs";
import {expect, test} from "vitest";
import {allDrawn, expectQuiet, useBrowser} from "./browser.js";
import {screenshotPath, testFacts, testPage} from "./pages.js";

const open = useBrowser();

test("A report of 13 behaviours x 1000 samples x 40 layers is below 20 MB", async () => {
  const {size} = statSync((await testPage("large")).path);
  console.log(`large report: ${(size / 1e6).toFixed(1)} MB`);
  expect(size).toBeLessThan(20e6);
});

test("A report of 13 behaviours x 1000 samples x 40 layers opens fully", async () => {
  const opened = await open("large");
  const {page} = opened;
  await allDrawn(page);
  // From the beginning of navigation; printed, because machines differ.
  const all = await page.evaluate(() => performance.now());
  const [paint] = await page.evaluate(() =>
    performance.getEntriesByName("first-contentful-paint").map(({startTime}) => startTime),
  );
  console.log(`large report: first screen after ${paint?.toFixed(0)} ms, all charts after ${all.toFixed(0)} ms`);
  const facts = await testFacts("large");
  expect(facts.behaviors.length).toBe(13);
  expect(await page.locator("#overview tbody tr").count()).toBe(13);
  expect(await page.locator("#samples [data-count]").getAttribute("data-count")).toBe("1000");
  await page.screenshot({path: screenshotPath("large")});

  const last = facts.behaviors.at(-1)!;
  await page.locator(".page-head").getByLabel("Behaviour").selectOption(last.name);
  await expect.poll(() => page.locator("#answer .eyebrow").textContent()).toContain(last.name);
  await page.locator(".sample-list").focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await expect.poll(() => page.locator("article.detail").getAttribute("data-sample")).toBe(last.prompts.at(-1)!.id);
  expectQuiet(opened);
});
