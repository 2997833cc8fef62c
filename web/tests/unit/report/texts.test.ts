import {describe, expect, test} from "vitest";
import {fileName} from "../../../src/report/download.js";
import {
  columnFormat,
  duration,
  interval,
  number,
  percent,
  plural,
  policyLabel,
  scientific,
  signed,
} from "../../../src/common/format.js";
import {hashOf, parseHash} from "../../../src/report/location.js";
import {settingsText} from "../../../src/report/reproduce_section.js";
import {synthetic} from "../../synthetic.js";

describe("numbers", () => {
  test("have a true minus sign, and none where they round to zero", () => {
    expect(number(-1.23456)).toBe("\u22121.235");
    expect(number(-0.0001)).toBe("0.000");
    expect(signed(0.5)).toBe("+0.500");
    expect(interval({low: -0.03, high: 0.1})).toBe("[\u22120.030, +0.100]");
  });

  test("that are missing are a dash", () => {
    expect([number(null), percent(undefined), signed(Number.NaN)]).toEqual(["\u2013", "\u2013", "\u2013"]);
  });

  test.each([
    ["steerabilities", [0.24081234, 2.5, -1], ["0.241", "2.500", "\u22121.000"]],
    ["layers", [0, 7, 12], ["0", "7", "12"]],
    ["learning rates", [0.0003, 0.001, 0.01], ["0.0003", "0.0010", "0.0100"]],
    ["noise", [5.6789e-6, 1.2345e-6], ["0.0000057", "0.0000012"]],
    ["next to nothing", [1.2345e-200], ["0.000000000"]],
  ])("in a column of %s have as many decimals", (_, values, written) => {
    expect(values.map(columnFormat(values))).toEqual(written);
  });

  test("read as people write them", () => {
    expect(percent(0.5625, 0)).toBe("56%");
    expect(plural(1, "sample")).toBe("1 sample");
    expect(plural(13000, "sample")).toBe("13\u202f000 samples");
    expect(scientific(5.7e-6)).toBe("5.7e\u22126");
    expect([duration(0.42), duration(95), duration(600), duration(36_000)]).toEqual([
      "0.4 s",
      "95 s",
      "10 min",
      "10.0 h",
    ]);
  });
});

test("Policies have names that people say", () => {
  expect(["w2s-top2", "w2s-expected", "optimum", "other"].map(policyLabel)).toEqual([
    "W2S Top-2",
    "W2S expected",
    "Optimum",
    "other",
  ]);
});

test("A view survives its way through the address, whatever its names contain", () => {
  const view = {behavior: '"><img &=#', method: "l2s", policy: "w2s-top1", sample: "\u05e9 +%/?"};
  expect(parseHash(hashOf(view))).toEqual(view);
  expect(parseHash("")).toEqual({});
});

test("Names of files hold nothing but letters, digits and dashes", () => {
  expect(fileName("sample-map", "../../etc/passwd", 'a"b<c>')).toBe("sample-map_etc-passwd_a-b-c");
});

test("The settings name hashes, versions and what cross-validation chose", () => {
  const {summary} = synthetic({samples: 20, layers: 6});
  const text = settingsText(summary);
  expect(text).toContain(`= ${summary.settings.measurement["model"]}`);
  expect(text).toContain("[data: sha256]");
  expect(text).toContain("llama.cpp = 0.5.0-dev");
  expect(text).toContain("optimistic-outlook, caa, w2s-top1");
});
