import {describe, expect, test} from "vitest";
import type {Api} from "../../../src/chat/api.js";
import type {ChatRequest, Chunk} from "../../../src/chat/contract.js";
import type {Turn} from "../../../src/chat/conversation.js";
import {RequestError} from "../../../src/chat/request_error.js";
import {Session} from "../../../src/chat/session.js";
import {defaultSampling, defaultVectors, type Settings} from "../../../src/chat/settings.js";
import {warm} from "./entries.js";

const settings: Settings = {
  model: "tiny",
  vectors: defaultVectors([warm]),
  sampling: {...defaultSampling, system: "Be brief."},
  compare: true,
};
const scaled = (scale: number): Settings => ({
  ...settings,
  vectors: settings.vectors.map((vector) => ({...vector, scale})),
});
const text = (content: string): Chunk => ({choices: [{delta: {content}}]});
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** A server that says what it is told to, when it is told to. */
class ScriptedServer implements Pick<Api, "stream"> {
  readonly calls: {request: ChatRequest; signal: AbortSignal; say(chunk: Chunk): void; end(error?: Error): void}[] = [];

  async *stream(request: ChatRequest, signal: AbortSignal): AsyncGenerator<Chunk, void> {
    const waiting: (Chunk | Error | null)[] = [];
    let wake = (): void => {};
    const put = (item: Chunk | Error | null): void => {
      waiting.push(item);
      wake();
    };
    signal.addEventListener("abort", () => put(new DOMException("aborted", "AbortError")));
    this.calls.push({request, signal, say: put, end: (error) => put(error ?? null)});
    for (;;) {
      if (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      const item = waiting.shift()!;
      if (item === null) return;
      if (item instanceof Error) throw item;
      yield item;
    }
  }
}

function start(): {server: ScriptedServer; session: Session; last(): Turn; finished: Turn[]; refusals(): number} {
  const server = new ScriptedServer();
  let turns: readonly Turn[] = [];
  let refused = 0;
  const finished: Turn[] = [];
  const session = new Session(() => server, {
    changed: (next) => (turns = next),
    finished: (turn) => finished.push(turn),
    keyRefused: () => ++refused,
  });
  return {server, session, last: () => turns.at(-1)!, finished, refusals: () => refused};
}

async function answer(server: ScriptedServer, from: number, texts: readonly string[]): Promise<void> {
  texts.forEach((each, i) => {
    server.calls[from + i]!.say(text(each));
    server.calls[from + i]!.end();
  });
  await settled();
}

describe("a session", () => {
  test("asks for both answers at once, and tells when both have ended", async () => {
    const {server, session, last, finished} = start();
    session.ask("How was it?", settings);
    expect(server.calls.map(({request}) => request.steering !== undefined)).toEqual([true, false]);
    await answer(server, 0, ["Wonderful."]);
    expect(last().answers.steered).toMatchObject({state: "finished", text: "Wonderful."});
    expect(last().answers.unsteered).toMatchObject({state: "waiting"});
    expect(finished).toEqual([]);
    await answer(server, 1, ["Fine."]);
    expect(finished).toEqual([last()]);
  });

  test("gives each side a history of its own", async () => {
    const {server, session} = start();
    session.ask("How was it?", settings);
    await answer(server, 0, ["Wonderful.", "Fine."]);
    session.ask("Why?", settings);
    const contents = server.calls.slice(2).map(({request}) => request.messages.map(({content}) => content));
    expect(contents).toEqual([
      ["Be brief.", "How was it?", "Wonderful.", "Why?"],
      ["Be brief.", "How was it?", "Fine.", "Why?"],
    ]);
  });

  test("leaves out questions that nobody answered, and borrows answers that one side has not", async () => {
    const {server, session} = start();
    session.ask("Lost?", settings);
    server.calls.forEach(({end}) => end(new RequestError("lost")));
    await settled();
    session.ask("How was it?", {...settings, compare: false});
    await answer(server, 2, ["Wonderful."]);
    session.ask("Why?", settings);
    for (const {request} of server.calls.slice(3))
      expect(request.messages.map(({content}) => content)).toEqual(["Be brief.", "How was it?", "Wonderful.", "Why?"]);
  });

  test("asks again only the side that something has changed for", async () => {
    const {server, session, last} = start();
    session.ask("How was it?", settings);
    await answer(server, 0, ["Wonderful.", "Fine."]);
    session.askChanged(settings);
    expect(server.calls).toHaveLength(2);
    session.askChanged(scaled(2));
    expect(server.calls.slice(2).map(({request}) => request.steering?.vectors[0]?.scale)).toEqual([2]);
    expect(last().answers.steered).toMatchObject({state: "waiting", text: "Wonderful."});
    await answer(server, 2, ["Splendid."]);
    expect(last().answers.steered!.text).toBe("Splendid.");
    expect(last().answers.unsteered!.text).toBe("Fine.");
  });

  test("has one request of a side under way at most, and hears nothing of those before", async () => {
    const {server, session, last} = start();
    session.ask("How was it?", {...settings, compare: false});
    for (const scale of [1.5, 2, 2.5]) session.askChanged({...scaled(scale), compare: false});
    expect(server.calls.map(({signal}) => signal.aborted)).toEqual([true, true, true, false]);
    server.calls[0]!.say(text("Old."));
    await answer(server, 3, ["New."]);
    expect(last().answers.steered).toMatchObject({state: "finished", text: "New."});
  });

  test("stops, and keeps what was said until then", async () => {
    const {server, session, last, finished} = start();
    session.ask("How was it?", settings);
    server.calls[0]!.say(text("Won"));
    await settled();
    session.stop();
    await settled();
    expect(server.calls.every(({signal}) => signal.aborted)).toBe(true);
    expect(last().answers.steered).toMatchObject({state: "stopped", text: "Won"});
    expect(last().answers.unsteered).toMatchObject({state: "stopped", text: ""});
    expect(finished).toEqual([]);
  });

  test("shows why an answer failed, with what was said until then", async () => {
    const {server, session, last} = start();
    session.ask("How was it?", settings);
    server.calls[0]!.say(text("Won"));
    for (const call of server.calls) call.end(new RequestError("The answer broke off."));
    await settled();
    expect(last().answers.steered).toMatchObject({state: "failed", text: "Won", error: "The answer broke off."});
  });

  test("takes nothing of an earlier answer into one that failed", async () => {
    const {server, session, last} = start();
    session.ask("How was it?", {...settings, compare: false});
    await answer(server, 0, ["Wonderful."]);
    session.askAgain({...settings, compare: false});
    server.calls[1]!.end(new RequestError("The server is busy."));
    await settled();
    expect(last().answers.steered).toMatchObject({state: "failed", text: ""});
  });

  test("says when a key is not accepted any more", async () => {
    const {server, session, refusals} = start();
    session.ask("How was it?", {...settings, compare: false});
    server.calls[0]!.end(new RequestError("wrong", 401));
    await settled();
    expect(refusals()).toBe(1);
  });

  test("keeps steering, length and number of tokens", async () => {
    const {server, session, last} = start();
    const steering = {applied: [{name: "warm", layer: 2, scale: 1, confidence: 0.5}], predicted: []};
    session.ask("How was it?", {...settings, compare: false});
    const [call] = server.calls;
    call!.say({choices: [{delta: {content: ""}}], steering});
    call!.say(text("Good"));
    call!.say({choices: [{delta: {}, finish_reason: "length"}]});
    call!.say({choices: [], usage: {completion_tokens: 3}});
    call!.end();
    await settled();
    expect(last().answers.steered).toMatchObject({text: "Good", steering, tokens: 3, isCut: true});
  });
});
