import {afterEach, beforeEach, describe, expect, test, vi} from "vitest";
import {Api} from "../../../src/chat/api.js";
import type {ChatRequest, Chunk} from "../../../src/chat/contract.js";

const request: ChatRequest = {model: "tiny", messages: [], temperature: 0, max_tokens: 5};
const server = vi.fn<typeof fetch>();

beforeEach(() => vi.stubGlobal("fetch", server));
afterEach(() => {
  vi.unstubAllGlobals();
  server.mockReset();
});

const streamed = (text: string): Response => new Response(text, {headers: {"Content-Type": "text/event-stream"}});
const refused = (status: number, error: object, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify({error}), {status, headers});

async function chunksOf(api = new Api("")): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for await (const chunk of api.stream(request, new AbortController().signal)) chunks.push(chunk);
  return chunks;
}

describe("a streamed answer", () => {
  test("is its chunks, until it says that it is done", async () => {
    server.mockResolvedValue(streamed('data: {"choices":[]}\n\ndata: {"usage":null}\n\ndata: [DONE]\n\n'));
    expect(await chunksOf()).toEqual([{choices: []}, {usage: null}]);
    expect(JSON.parse(server.mock.calls[0]![1]!.body as string)).toMatchObject({stream: true, ...request});
  });

  test("that ends before it is done broke off", async () => {
    server.mockResolvedValue(streamed('data: {"choices":[]}\n\n'));
    await expect(chunksOf()).rejects.toThrow("broke off");
  });

  test("that fails says why", async () => {
    server.mockResolvedValue(streamed('data: {"error":{"message":"the server is shutting down"}}\n\n'));
    await expect(chunksOf()).rejects.toThrow("The server is shutting down.");
  });
});

describe("a request that is refused", () => {
  test("says in words why, and when to come again", async () => {
    server.mockResolvedValue(refused(429, {message: "the queue is full"}, {"Retry-After": "2"}));
    await expect(chunksOf()).rejects.toThrow("The server is busy. The queue is full. Try again in 2 s.");
    server.mockResolvedValue(refused(400, {message: "must be a number", param: "steering.vectors[0].scale"}));
    await expect(chunksOf()).rejects.toThrow("Must be a number (steering.vectors[0].scale).");
    server.mockResolvedValue(refused(503, {message: "the server is shutting down"}));
    await expect(chunksOf()).rejects.toThrow("The server is shutting down. Try again later.");
  });

  test("by something that stands between says at least the status", async () => {
    server.mockResolvedValue(new Response("<h1>Bad gateway</h1>", {status: 502}));
    await expect(chunksOf()).rejects.toThrow("The server answered with status 502 and no explanation.");
  });

  test("for want of a key asks for one", async () => {
    server.mockResolvedValue(refused(401, {message: "the API key is missing or wrong"}));
    await expect(new Api("wrong").vectors()).rejects.toMatchObject({status: 401, asksForKey: true});
    expect(new Headers(server.mock.calls[0]![1]!.headers).get("Authorization")).toBe("Bearer wrong");
  });

  test("is not even sent with a key that no header can carry", async () => {
    await expect(new Api("schl\u00fcssel\u6c64").vectors()).rejects.toMatchObject({asksForKey: true});
    expect(server).not.toHaveBeenCalled();
  });

  test("because nothing listens says that", async () => {
    server.mockRejectedValue(new TypeError("Failed to fetch"));
    await expect(chunksOf()).rejects.toThrow("The server cannot be reached.");
  });
});
