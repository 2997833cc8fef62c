import {describe, expect, test} from "vitest";
import * as chat from "./chat_page.js";
import {calm, canServe, expectQuietChat, useChat, useServers, warm} from "./chat_server.js";
import {screenshotPath} from "./pages.js";

const stream = (...chunks: object[]): string =>
  [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), "data: [DONE]\n\n"].join("");

describe.skipIf(!canServe)("Where the server has keys, the chat", () => {
  const serve = useServers();
  const open = useChat();
  const withKey = ["--steer", warm, "--api-key", "the-right-key"];

  test("asks for one, keeps it for the tab alone, and shows it with every request", async () => {
    const opened = await open(await serve(withKey));
    const {page} = opened;
    await page.getByLabel("API key").waitFor();
    expectQuietChat(opened);
    await page.screenshot({path: screenshotPath("chat-key")});
    await page.getByLabel("API key").fill("a-wrong-key");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator("#key-message").textContent()).toContain("does not accept");
    await page.getByLabel("API key").fill("the-right-key");
    await page.getByRole("button", {name: "Continue"}).click();
    await chat.ask(page, "How was the soup?");
    await chat.answered(page);
    const stored = await page.evaluate(() => [JSON.stringify(localStorage), JSON.stringify(sessionStorage)]);
    expect(stored[0]).not.toContain("the-right-key");
    expect(stored[1]).toContain("the-right-key");
    await page.reload();
    await page.locator("#question").waitFor();
    expect(opened.requests.some((each) => each.includes("key"))).toBe(false);
  });

  test("fetches the report with it", async () => {
    const opened = await open(await serve(withKey));
    const {page} = opened;
    await page.getByLabel("API key").fill("the-right-key");
    await page.keyboard.press("Enter");
    const [report] = await Promise.all([page.context().waitForEvent("page"), page.locator(".report-link").click()]);
    await expect.poll(() => report.locator("h1").textContent()).toBe("What was measured");
    expect(report.url()).toMatch(/^blob:/);
    expect(await report.evaluate(() => sessionStorage.length)).toBe(0);
    expectQuietChat(opened);
  });
});

describe.skipIf(!canServe)("The chat shows", () => {
  const serve = useServers();
  const open = useChat();

  test("that the server went away in the middle of an answer, and that it is not there", async () => {
    const server = await serve();
    const {page} = await open(server);
    await page.getByText("System message and sampling").click();
    await page.getByLabel("Most tokens").fill("20000");
    await chat.ask(page, "How was the soup?");
    await expect.poll(() => chat.text(page, "steered")).not.toBe("");
    await server.kill();
    await chat.expectState(page, "steered", "failed");
    await chat.expectState(page, "unsteered", "failed");
    expect(await chat.card(page, "steered").getByRole("alert").textContent()).toContain("broke off");
    await page.getByRole("button", {name: "Ask again"}).click();
    await expect
      .poll(() => chat.card(page, "steered").getByRole("alert").textContent())
      .toContain("The server cannot be reached");
    await page.screenshot({path: screenshotPath("chat-failed")});
  });

  test("why it was refused, in words", async () => {
    const {page} = await open(await serve());
    await page.route("**/v1/chat/completions", (route) =>
      route.fulfill({
        status: 429,
        headers: {"Retry-After": "3", "Content-Type": "application/json"},
        body: JSON.stringify({error: {message: "too many answers are waiting", type: "rate_limit_error"}}),
      }),
    );
    await chat.ask(page, "How was the soup?");
    await chat.expectState(page, "steered", "failed");
    expect(await chat.card(page, "steered").getByRole("alert").textContent()).toBe(
      "The server is busy. Too many answers are waiting. Try again in 3 s.",
    );
    await page.unroute("**/v1/chat/completions");
    await page.getByRole("button", {name: "Ask again"}).click();
    await chat.answered(page);
    expect(await chat.card(page, "steered").getByRole("alert").count()).toBe(0);
  });

  test("a real refusal of the server's", async () => {
    const {page} = await open(await serve(["--steer", warm, "--max-prompt", "200"]));
    await chat.ask(page, "soup ".repeat(100));
    await chat.expectState(page, "steered", "failed");
    expect(await chat.card(page, "steered").getByRole("alert").textContent()).toMatch(
      /^The prompt has \d+ tokens, of which this server takes 200 at most/,
    );
  });

  test("text as text, whoever it is from", async () => {
    const markup = `<img src=x onerror="alert(1)"></p><script>alert(2)</script>\u202e`;
    const name = "<b onclick='alert(3)'>bold</b>".replaceAll("=", ":");
    const opened = await open(await serve(["--steer", calm.replace("calm", name)]));
    const {page} = opened;
    await page.route("**/v1/chat/completions", (route) =>
      route.fulfill({
        contentType: "text/event-stream",
        body: stream(
          {
            choices: [{delta: {content: ""}}],
            steering: {applied: [{name, layer: 1, scale: 1, confidence: null}], predicted: []},
          },
          {choices: [{delta: {content: markup}, finish_reason: "stop"}]},
        ),
      }),
    );
    await chat.ask(page, markup);
    await chat.answered(page);
    const shown = markup.replace("\u202e", "\u27e8U+202E\u27e9");
    expect(await chat.text(page, "steered")).toBe(shown);
    expect(await page.locator(".question").textContent()).toBe(shown);
    expect(await page.locator(".answer-card.steered figcaption").textContent()).toContain(name);
    expect(await page.locator("fieldset.vector legend").textContent()).toContain(name);
    expect(await page.locator("#chat :is(img, script, iframe, b, object, embed, base, link)").count()).toBe(0);
    expectQuietChat(opened);
  });
});
