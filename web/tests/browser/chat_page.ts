// What one does on the page of `w2s serve`.
import type {Locator, Page} from "playwright-core";
import {expect} from "vitest";

export const card = (page: Page, side: "steered" | "unsteered"): Locator =>
  page.locator(`.turn:last-child .answer-card.${side}`);
export const text = (page: Page, side: "steered" | "unsteered"): Promise<string | null> =>
  card(page, side).locator(".answer-text").textContent();
/** Those of the last answer, not those beside the controls. */
export const strip = (page: Page, vector = "warm"): Locator =>
  card(page, "steered").locator(`.strip[data-vector="${vector}"]`);
export const vector = (page: Page, name: string): Locator => page.locator(`fieldset[data-vector="${name}"]`);

export async function ask(page: Page, question: string): Promise<void> {
  const before = await page.locator(".turn").count();
  await page.locator("#question").fill(question);
  await page.locator("#question").press("Enter");
  await expect.poll(() => page.locator(".turn").count()).toBe(before + 1);
}

/** Answers go on until they are stopped, or are as long as they may be. */
export async function neverEndByThemselves(page: Page): Promise<void> {
  const endOfAnswer = "257"; // a token of the example's model
  await page.route("**/v1/chat/completions", (route) =>
    route.continue({postData: {...route.request().postDataJSON(), logit_bias: {[endOfAnswer]: -100}}}),
  );
}

export async function beginAnew(page: Page): Promise<void> {
  await page.getByRole("button", {name: "New conversation"}).click();
  await expect.poll(() => page.locator(".turn").count()).toBe(0);
}

export async function expectState(page: Page, side: "steered" | "unsteered", state: string): Promise<void> {
  await expect.poll(() => card(page, side).getAttribute("data-state"), {timeout: 60_000}).toBe(state);
}

export async function answered(page: Page): Promise<void> {
  await expectState(page, "steered", "finished");
  if ((await card(page, "unsteered").count()) > 0) await expectState(page, "unsteered", "finished");
}

/** The next completion that the page asks for, as it was sent. */
export async function nextRequest(page: Page): Promise<{messages: {content: string}[]; steering?: unknown}> {
  const request = await page.waitForRequest(/\/v1\/chat\/completions$/);
  return request.postDataJSON();
}

/** Moves a slider as a hand does: it is released at the value. */
export async function slide(page: Page, name: string, scale: number): Promise<void> {
  await page.getByRole("slider", {name: `Scale of ${name}`}).fill(`${scale}`);
}

/** The layers that a strip marks as steered. */
export async function steeredLayers(shown: Locator): Promise<number[]> {
  const names = await shown
    .locator(".cell.applied")
    .evaluateAll((cells) => cells.map((cell) => cell.getAttribute("aria-label")!));
  return names.map((name) => Number(/^Layer (\d+)/.exec(name)![1]));
}

/** How a strip's cells are shaded, in percent. */
export function shades(shown: Locator): Promise<number[]> {
  return shown
    .locator(".cell")
    .evaluateAll((cells) => cells.map((cell) => parseFloat((cell as HTMLElement).style.getPropertyValue("--shade"))));
}

export const sideways = (page: Page): Promise<number> =>
  page.evaluate(() =>
    Math.max(
      ...[document.documentElement, ...document.querySelectorAll(".turns, .controls")].map(
        (element) => element.scrollWidth - element.clientWidth,
      ),
    ),
  );
