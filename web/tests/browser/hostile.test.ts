import {describe, expect, test} from "vitest";
import {sampleKey} from "../../src/report/report_data.js";
import {visible} from "../../src/common/visible_text.js";
import {allDrawn, expectQuiet, useBrowser} from "./browser.js";
import type {BehaviorFacts, PromptFacts} from "./facts.js";
import {testFacts} from "./pages.js";

const open = useBrowser();

const megabyte = 1_000_000;

function hashOf({name, prompts}: BehaviorFacts, {sample}: PromptFacts): string {
  const sampleName = sampleKey({ids: prompts.map(({id}) => id)}, sample);
  return `#${new URLSearchParams({behavior: name, sample: sampleName})}`;
}

describe("Text from data that looks like markup, or reorders what is around it,", () => {
  test("is shown as the text that it is", async () => {
    const opened = await open("hostile");
    const {page} = opened;
    const facts = await testFacts("hostile");
    for (const behavior of facts.behaviors) {
      await page.locator(".page-head").getByLabel("Behaviour").selectOption(behavior.name);
      const shown = page.locator("#report [data-behavior]");
      await expect.poll(() => shown.getAttribute("data-behavior")).toBe(behavior.name);
      for (const prompt of behavior.prompts.slice(0, 14)) {
        await page.evaluate((address) => (location.hash = address), hashOf(behavior, prompt));
        await page.locator(`#sample-row-${prompt.sample}[aria-selected=true]`).waitFor();
        const detail = page.locator("article.detail");
        await expect.poll(() => detail.getAttribute("data-sample")).toBe(prompt.id);
        const text = await detail.locator(".prompt").textContent();
        if (prompt.before === null) expect(text!.length).toBeGreaterThan(megabyte);
        // Compared as a whole, but a megabyte is not printed where it differs.
        else expect(text === visible(prompt.before + prompt.steered), prompt.id).toBe(true);
        expect(await detail.locator(".prompt mark").textContent()).toBe(visible(prompt.steered));
      }
      await allDrawn(page);
    }
    expectQuiet(opened);
  });

  test("injects no element and runs no script", async () => {
    const opened = await open("hostile");
    const {page} = opened;
    const facts = await testFacts("hostile");
    await allDrawn(page);
    for (const each of await page.locator(".figure-tools").getByRole("button", {name: "Table"}).all())
      await each.click();
    expect(await page.locator("#report :is(img, script, iframe, object, embed, form, base, link)").count()).toBe(0);
    const handlers = await page.evaluate(
      () =>
        [...document.querySelectorAll("#report *")].filter((element) =>
          [...element.attributes].some(({name}) => name.startsWith("on")),
        ).length,
    );
    expect(handlers).toBe(0);
    expect(await page.title()).toBe(`${facts.title}: where to steer`);
    expectQuiet(opened);
  });

  test("does not widen the page, not even in a line of a megabyte", async () => {
    const opened = await open("hostile", {viewport: {width: 360, height: 780}});
    const {page} = opened;
    const facts = await testFacts("hostile");
    const [first] = facts.behaviors;
    const longest = first!.prompts.find(({before}) => before === null || before.length > megabyte);
    await page.evaluate((address) => (location.hash = address), hashOf(first!, longest!));
    await page.locator("article.detail .prompt").waitFor();
    expect((await page.locator("article.detail .prompt").textContent())!.length).toBeGreaterThan(megabyte);
    await allDrawn(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    expect((await page.locator("article.detail .prompt").boundingBox())!.height).toBeLessThan(400);
    const listed = await page.locator(".sample-list").textContent();
    expect(listed!.length).toBeLessThan(20_000);
    expectQuiet(opened);
  });
});
