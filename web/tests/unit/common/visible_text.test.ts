import {describe, expect, test} from "vitest";
import {visible, visibleLine, visibleToken} from "../../../src/common/visible_text.js";

describe("text from data", () => {
  test("keeps letters of every script, emoji, tabs and line feeds", () => {
    const text =
      "soup\n\t\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \u6c64 \ud83d\udc69\u200d\ud83d\udcbb </script>";
    expect(visible(text)).toBe(text);
  });

  test("shows control characters as symbols", () => {
    expect(visible("\u0000\u001b[31m\r\u007f\u0085")).toBe("\u2400\u241b[31m\u240d\u2421\u27e8U+0085\u27e9");
  });

  test("shows what reorders or hides text by its code", () => {
    expect(visible("a\u202eb\u2066c\u200bd\ufeff")).toBe(
      "a\u27e8U+202E\u27e9b\u27e8U+2066\u27e9c\u27e8U+200B\u27e9d\u27e8U+FEFF\u27e9",
    );
  });

  test("shows halves of surrogate pairs by their code, and no whole pair", () => {
    expect(visible("\ud83d!\udc69 \ud83d\udc69")).toBe("\u27e8U+D83D\u27e9!\u27e8U+DC69\u27e9 \ud83d\udc69");
  });

  test("is cut in lists, never through a surrogate pair", () => {
    expect(visibleLine("one\ntwo\tthree", 8)).toBe("one\u21b5two\u21e5\u2026");
    expect(visibleLine("ab\ud83d\udc69c", 3)).toBe("ab\u2026");
    expect(visibleLine("x".repeat(2 ** 20)).length).toBe(161);
  });

  test("shows spaces at the ends of tokens", () => {
    expect(visibleToken(" was ")).toBe("\u2423was\u2423");
  });
});
