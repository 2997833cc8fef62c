import {describe, expect, test} from "vitest";
import {EventReader} from "../../../src/chat/server_sent_events.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function read(stream: Uint8Array, cuts: readonly number[]): string[] {
  const reader = new EventReader();
  const ends = [...cuts, stream.length];
  return ends.flatMap((end, i) => reader.push(stream.subarray(i === 0 ? 0 : ends[i - 1]!, end)));
}

describe("events", () => {
  const texts = ['{"text":"größer 汤 👩‍💻"}', "two", "[DONE]"];
  const stream = bytes(texts.map((text) => `data: ${text}\n\n`).join(""));

  test("are the same wherever the bytes are cut, within a character too", () => {
    for (let cut = 0; cut <= stream.length; ++cut) expect(read(stream, [cut]), `cut at ${cut}`).toEqual(texts);
    expect(read(stream, [...stream.keys()])).toEqual(texts);
  });

  test("end where lines do, whichever way those end", () => {
    for (const end of ["\n", "\r\n", "\r"]) {
      const lines = bytes(`data: one${end}${end}data: two${end}${end}${end}`);
      for (let cut = 0; cut <= lines.length; ++cut) expect(read(lines, [cut])).toEqual(["one", "two"]);
    }
  });

  test("join their lines of data, and leave out comments and other fields", () => {
    const lines = ": a comment\nevent: token\nid: 7\ndata: first\ndata:second\ndata\n\n: again\n\n";
    expect(read(bytes(lines), [])).toEqual(["first\nsecond\n"]);
  });

  test("keep all but the first space", () => {
    expect(read(bytes("data:  two: spaces \n\n"), [])).toEqual([" two: spaces "]);
  });

  test("that were not ended are none", () => {
    expect(read(bytes("data: half\n"), [])).toEqual([]);
    expect(read(bytes(""), [])).toEqual([]);
  });
});
