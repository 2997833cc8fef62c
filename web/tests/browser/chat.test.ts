import {describe, expect, test} from "vitest";
import * as chat from "./chat_page.js";
import {
  calm,
  canServe,
  expectQuietChat,
  fixedLayer,
  layers,
  openMinded,
  useChat,
  useServers,
  warm,
} from "./chat_server.js";
import {screenshotPath} from "./pages.js";

describe.skipIf(!canServe)("The chat", () => {
  const serve = useServers();
  const open = useChat();

  test("answers a question twice, and shows where the first was steered", async () => {
    const opened = await open(await serve());
    const {page} = opened;
    await chat.ask(page, "How was the soup?");
    await chat.answered(page);
    expect(await page.locator(".question").textContent()).toBe("How was the soup?");
    const [steered, unsteered] = [await chat.text(page, "steered"), await chat.text(page, "unsteered")];
    expect(steered).not.toBe("");
    expect(steered).not.toBe(unsteered);
    const strip = chat.strip(page);
    expect(await strip.locator(".cell").count()).toBe(layers);
    const [layer] = await chat.steeredLayers(strip);
    expect((await chat.shades(strip))[layer!]).toBe(100);
    expect(await strip.locator(".strip-where").textContent()).toMatch(new RegExp(`^layer ${layer}, \\d+% sure$`));
    expect(await page.locator("#announcements").textContent()).toContain(`warm at layer ${layer}`);
    await page.screenshot({path: screenshotPath("chat")});
    expectQuietChat(opened);
  });

  test("gives the unsteered answer at scale 0, and another one when the slider moves", async () => {
    const opened = await open(await serve());
    const {page} = opened;
    await chat.ask(page, "How was the soup?");
    await chat.answered(page);
    const first = await chat.text(page, "steered");
    const asked = chat.nextRequest(page);
    await chat.slide(page, "warm", 0);
    expect((await asked).steering).toEqual({vectors: [{name: "warm", scale: 0, layer: "auto"}]});
    await expect.poll(() => chat.text(page, "steered")).toBe(await chat.text(page, "unsteered"));
    await chat.answered(page);
    expect(await chat.strip(page).locator("figcaption").textContent()).toContain("\u00d7 0.0");

    await chat.slide(page, "warm", 2.5);
    await expect.poll(() => chat.strip(page).locator("figcaption").textContent()).toContain("\u00d7 2.5");
    await chat.answered(page);
    expect(await chat.text(page, "steered")).not.toBe(await chat.text(page, "unsteered"));
    expect(await chat.text(page, "steered")).not.toBe(first);
    expect(opened.requests.filter((each) => each.endsWith("/completions"))).toHaveLength(4);
    expectQuietChat(opened);
  });

  test("steers different questions at different layers", async () => {
    const opened = await open(await serve(["--steer", openMinded]));
    const {page} = opened;
    const seen = new Set<number>();
    for (const question of ["Was it warm?", "the the the the"]) {
      await chat.ask(page, question);
      await chat.answered(page);
      seen.add((await chat.steeredLayers(chat.strip(page, "open")))[0]!);
      await chat.beginAnew(page);
    }
    expect(seen.size).toBe(2);
    expectQuietChat(opened);
  });

  test("takes the layer that is named, and marks it", async () => {
    const opened = await open(await serve());
    const {page} = opened;
    await chat.ask(page, "How was the soup?");
    await chat.answered(page);
    const choice = page.getByLabel("Layer of warm");
    await choice.selectOption("2");
    await expect.poll(() => chat.strip(page).locator(".strip-where").textContent()).toBe("layer 2, chosen by hand");
    expect(await chat.steeredLayers(chat.strip(page))).toEqual([2]);
    expect(new Set(await chat.shades(chat.strip(page)))).toEqual(new Set([0]));
    await choice.selectOption("fixed");
    await expect.poll(() => chat.steeredLayers(chat.strip(page))).toEqual([fixedLayer]);
    await choice.selectOption("auto:3");
    await expect.poll(async () => (await chat.steeredLayers(chat.strip(page))).length).toBe(3);
    await chat.answered(page);
    expectQuietChat(opened);
  });

  test("steers with several vectors, each with a strip of its own", async () => {
    const opened = await open(await serve());
    const {page} = opened;
    await chat.vector(page, "calm").getByRole("checkbox").check();
    expect(await page.getByLabel("Layer of calm").locator("option").allTextContents()).not.toContain("auto");
    await page.getByLabel("Layer of calm").selectOption("3");
    await chat.ask(page, "How was the soup?");
    await chat.answered(page);
    expect(await chat.steeredLayers(chat.strip(page, "calm"))).toEqual([3]);
    expect(await chat.steeredLayers(chat.strip(page, "warm"))).toHaveLength(1);
    expect(await chat.vector(page, "calm").locator(".cell.applied").count()).toBe(1);
    await chat.vector(page, "warm").getByRole("checkbox").uncheck();
    await expect.poll(() => chat.strip(page, "warm").count()).toBe(0);
    await chat.vector(page, "calm").getByRole("checkbox").uncheck();
    await expect.poll(() => chat.card(page, "steered").textContent()).toContain("No vector was on");
    await chat.answered(page);
    expect(await chat.text(page, "steered")).toBe(await chat.text(page, "unsteered"));
    expectQuietChat(opened);
  });

  test("goes on as two conversations, and begins anew", async () => {
    const opened = await open(await serve());
    const {page} = opened;
    await chat.ask(page, "How was the soup?");
    await chat.answered(page);
    const sent: string[][] = [];
    page.on("request", (request) => {
      const body = request.postDataJSON() as {messages: {content: string}[]} | null;
      if (body) sent.push(body.messages.map(({content}) => content));
    });
    await chat.ask(page, "Why?");
    await chat.answered(page);
    expect(sent.map((contents) => [contents[0], contents[2]])).toEqual([
      ["How was the soup?", "Why?"],
      ["How was the soup?", "Why?"],
    ]);
    expect(sent[0]![1]).not.toBe(sent[1]![1]);
    expect(await page.locator(".turn").count()).toBe(2);
    await chat.beginAnew(page);
    expectQuietChat(opened);
  });

  test("compares only where that is wanted", async () => {
    const opened = await open(await serve());
    const {page} = opened;
    await page.getByLabel("Compare with the unsteered answer").uncheck();
    await chat.ask(page, "How was the soup?");
    await chat.answered(page);
    expect(await chat.card(page, "unsteered").count()).toBe(0);
    await page.getByLabel("Compare with the unsteered answer").check();
    await chat.expectState(page, "unsteered", "finished");
    expectQuietChat(opened);
  });

  test("sends the system message and how to sample", async () => {
    const opened = await open(await serve());
    const {page} = opened;
    await page.getByText("System message and sampling").click();
    await page.getByLabel("System message").fill("Be brief.");
    await page.getByLabel("Temperature").fill("0.5");
    await page.getByLabel("Most tokens").fill("7");
    await page.getByLabel("Seed").fill("11");
    const asked = chat.nextRequest(page);
    await chat.ask(page, "How was\nthe soup?");
    expect(await asked).toMatchObject({
      messages: [
        {role: "system", content: "Be brief."},
        {role: "user", content: "How was\nthe soup?"},
      ],
      temperature: 0.5,
      max_tokens: 7,
      seed: 11,
    });
    await chat.answered(page);
    expect(await chat.card(page, "steered").locator("h3").textContent()).toContain("7 tokens, cut off");
    expectQuietChat(opened);
  });

  test("stops when it is told to, and keeps what was said", async () => {
    const opened = await open(await serve());
    const {page} = opened;
    await chat.neverEndByThemselves(page);
    await page.getByText("System message and sampling").click();
    await page.getByLabel("Most tokens").fill("20000");
    await chat.ask(page, "How was the soup?");
    await expect.poll(() => chat.text(page, "steered")).not.toBe("");
    await page.getByRole("button", {name: "Stop"}).click();
    await chat.expectState(page, "steered", "stopped");
    await chat.expectState(page, "unsteered", "stopped");
    expect(await chat.text(page, "steered")).not.toBe("");
    expect(await page.getByRole("button", {name: "Stop"}).count()).toBe(0);
    expectQuietChat(opened);
  });

  test("can be used with the keyboard alone", async () => {
    const opened = await open(await serve());
    const {page} = opened;
    await page.locator("#question").focus();
    await page.keyboard.type("How was");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("the soup?");
    await page.keyboard.press("Enter");
    await chat.answered(page);
    expect(await page.locator(".question").textContent()).toBe("How was\nthe soup?");

    const before = opened.requests.length;
    await page.getByRole("slider", {name: "Scale of warm"}).focus();
    for (let i = 0; i < 5; ++i) await page.keyboard.press("ArrowRight");
    await expect.poll(() => chat.strip(page).locator("figcaption").textContent()).toContain("\u00d7 1.5");
    await chat.answered(page);
    expect(opened.requests.length - before, "five keys in a row ask once").toBe(1);

    const cells = chat.strip(page).getByRole("listbox");
    await cells.focus();
    await page.keyboard.press("Home");
    const pointed = chat.strip(page).locator(".cell.pointed");
    expect(await pointed.getAttribute("aria-label")).toMatch(/^Layer 0 \u00b7 \d+\.\d% likely/);
    expect(await cells.getAttribute("aria-activedescendant")).toBe(await pointed.getAttribute("id"));
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => chat.strip(page).locator(".strip-legend").textContent()).toMatch(/^Layer 1 /);
    await chat.strip(page).locator("summary").press("Enter");
    await expect.poll(() => chat.strip(page).locator("tbody tr").count()).toBe(layers);
    expectQuietChat(opened);
  });

  test("fits a phone, in dark colours", async () => {
    const opened = await open(await serve(), {
      viewport: {width: 360, height: 740},
      colorScheme: "dark",
      reducedMotion: "reduce",
    });
    const {page} = opened;
    expect(await chat.sideways(page)).toBeLessThanOrEqual(0);
    await chat.ask(page, `How was the ${"very ".repeat(30)}${"x".repeat(300)}?`);
    await chat.answered(page);
    expect(await chat.sideways(page)).toBeLessThanOrEqual(0);
    const [steered, unsteered] = [chat.card(page, "steered"), chat.card(page, "unsteered")];
    expect((await unsteered.boundingBox())!.y).toBeGreaterThan((await steered.boundingBox())!.y);
    await page.screenshot({path: screenshotPath("chat-phone")});
    await page.locator(".controls > summary").click();
    await page.getByRole("slider", {name: "Scale of warm"}).waitFor();
    expect(await chat.sideways(page)).toBeLessThanOrEqual(0);
    await page.screenshot({path: screenshotPath("chat-phone-controls")});
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(20, 23, 26)");
    await page.getByRole("button", {name: "Use light colours"}).click();
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(250, 250, 248)");
    expectQuietChat(opened);
  });

  test("says how to get vectors where there are none", async () => {
    const opened = await open(await serve([]));
    const {page} = opened;
    expect(await page.locator(".welcome").textContent()).toContain("--steer NAME=PATH");
    await page.locator(".questions button").first().click();
    await chat.answered(page);
    expect(await chat.text(page, "steered")).toBe(await chat.text(page, "unsteered"));
    expectQuietChat(opened);
  });

  test("opens the report, if there is one", async () => {
    const without = await open(await serve(["--steer", calm]));
    await without.page.locator("#question").waitFor();
    expect(await without.page.locator(".report-link").count()).toBe(0);
    expectQuietChat(without);
    const opened = await open(await serve(["--steer", warm]));
    const [report] = await Promise.all([
      opened.page.context().waitForEvent("page"),
      opened.page.locator(".report-link").click(),
    ]);
    await expect.poll(() => report.locator("h1").textContent()).toBe("What was measured");
    expectQuietChat(opened);
  });
});
