#!/usr/bin/env python3
"""Runs the tests of a CMake preset and sums them up: how many there are, and which were skipped for what reason.

usage: run-tests.py PRESET [CTEST_OPTION...]
"""
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from pathlib import Path
from typing import Iterator, NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Test(NamedTuple):
    name: str
    reason_skipped: str | None


def tests_of_googletest(file: Path) -> Iterator[Test]:
    """The single tests of one topic's program, by the file that GoogleTest wrote."""
    for case in ElementTree.parse(file).iter("testcase"):
        if case.get("status") != "run":
            continue
        skipped = case.find("skipped")
        message = None if skipped is None else skipped.get("message", "").strip().splitlines()[-1]
        yield Test(f"{case.get('classname')}.{case.get('name')}", message)


def other_tests(file: Path) -> Iterator[Test]:
    """Those that are scripts, by the file that CTest wrote; what they print last says why they were skipped."""
    for case in ElementTree.parse(file).iter("testcase"):
        name = case.get("name", "")
        if ": " not in name:
            continue
        lines = (case.findtext("system-out") or "").strip().splitlines()
        yield Test(name, (lines or ["no reason given"])[-1] if case.get("status") == "notrun" else None)


def summary(tests: list[Test]) -> str:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for test in tests:
        if test.reason_skipped is not None:
            by_reason[test.reason_skipped.removeprefix("skipped: ")].append(test.name)
    skipped = sum(map(len, by_reason.values()))
    lines = [f"{len(tests)} tests, {skipped} of them skipped{':' if skipped else ''}"]
    for reason, names in sorted(by_reason.items()):
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        lines.append(f"  {reason} ({names[0]}{others})")
    return "\n".join(lines)


def main() -> int:
    preset, *options = sys.argv[1:]
    results = ROOT / "build" / preset / "test-results"
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    listing = results / "ctest.xml"
    run = subprocess.run(["ctest", "--preset", preset, "--output-junit", str(listing), *options], cwd=ROOT, check=False)
    if listing.is_file():
        tests = [test for file in sorted(results.glob("*.*.xml")) for test in tests_of_googletest(file)]
        print(summary(tests + list(other_tests(listing))))
    return run.returncode


if __name__ == "__main__":
    sys.exit(main())
