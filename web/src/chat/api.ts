// The server, asked with the key if there is one.
import type {ChatRequest, Chunk, VectorEntry} from "./contract.js";
import {brokenOff, describeError, errorOfResponse, RequestError, unreachable} from "./request_error.js";
import {EventReader} from "./server_sent_events.js";

export class Api {
  constructor(readonly key: string) {}

  async model(): Promise<string> {
    const {data} = (await this.json("/v1/models")) as {data: {id: string}[]};
    return data[0]?.id ?? "";
  }

  async vectors(): Promise<VectorEntry[]> {
    return ((await this.json("/v1/steering/vectors")) as {data: VectorEntry[]}).data;
  }

  async report(): Promise<Blob> {
    return (await this.ask("/report")).blob();
  }

  /** The chunks of an answer, until it is whole. Throws RequestError, and what an aborted fetch throws. */
  async *stream(request: ChatRequest, signal: AbortSignal): AsyncGenerator<Chunk, void> {
    const body = {...request, stream: true, stream_options: {include_usage: true}};
    const response = await this.ask("/v1/chat/completions", {
      method: "POST",
      headers: {"Content-Type": "application/json"},
      body: JSON.stringify(body),
      signal,
    });
    if (!response.body) throw brokenOff();
    for await (const event of events(response.body, signal)) {
      if (event === "[DONE]") return;
      const chunk = JSON.parse(event) as Chunk;
      if (chunk.error) throw describeError(chunk.error);
      yield chunk;
    }
    throw brokenOff();
  }

  private async json(path: string): Promise<unknown> {
    return (await this.ask(path)).json();
  }

  private async ask(path: string, options: RequestInit = {}): Promise<Response> {
    // Others cannot be in a header, and no key has them.
    if (/[^\x21-\x7e]/.test(this.key)) throw new RequestError("This cannot be a key of the server.", 401);
    const headers = new Headers(options.headers);
    if (this.key !== "") headers.set("Authorization", `Bearer ${this.key}`);
    let response: Response;
    try {
      response = await fetch(path, {...options, headers, cache: "no-store"});
    } catch (error) {
      throw options.signal?.aborted ? error : unreachable();
    }
    if (!response.ok) throw await errorOfResponse(response);
    return response;
  }
}

async function* events(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<string, void> {
  const reader = body.getReader();
  const parser = new EventReader();
  try {
    for (;;) {
      const {done, value} = await reader.read().catch((error: unknown) => {
        throw signal.aborted ? error : brokenOff();
      });
      if (done) return;
      yield* parser.push(value);
    }
  } finally {
    // A connection that nobody reads would keep its place at the server.
    void reader.cancel().catch(() => {});
  }
}
