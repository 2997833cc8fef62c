#!/usr/bin/env python3
"""Runs clang-tidy over the project's sources, one process a core.

A file is skipped when it passed before, in this clone or another, and nothing that clang-tidy saw has changed since: the
file, the project's headers it includes, its compile command, the checks and clang-tidy itself. What passed is kept as an
empty file in the cache, named by a hash of all that.

usage: run-tidy.py COMPILE_COMMANDS
"""
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE_FOLDERS = ("src", "tests", "bench", "examples")
INCLUDE_FOLDERS = (ROOT / "include", ROOT / "src", ROOT / "tests")
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
DAYS_A_STAMP_IS_KEPT = 60


@lru_cache(maxsize=None)
def included_files(path: Path) -> frozenset[Path]:
    """The project's headers that a file includes directly."""
    found = set()
    for name in INCLUDE.findall(path.read_bytes()):
        for folder in (path.parent, *INCLUDE_FOLDERS):
            header = folder / name.decode()
            if header.is_file():
                found.add(header.resolve())
                break
    return frozenset(found)


def files_seen_from(path: Path) -> list[Path]:
    seen: set[Path] = set()
    open_files = [path]
    while open_files:
        file = open_files.pop()
        if file not in seen:
            seen.add(file)
            open_files.extend(included_files(file))
    return sorted(seen)


def fingerprint(path: Path, command: str, tool: str) -> str:
    digest = hashlib.sha256()
    for part in (tool, command.replace(str(ROOT), ""), (ROOT / ".clang-tidy").read_text()):
        digest.update(part.encode() + b"\0")
    for file in files_seen_from(path):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0")
    return digest.hexdigest()


def check(clang_tidy: str, path: Path, database: Path) -> tuple[bool, str]:
    run = subprocess.run(
        [clang_tidy, "-p", str(database.parent), "--quiet", str(path)], capture_output=True, text=True, check=False
    )
    return run.returncode == 0, run.stdout if run.stdout.strip() else run.stderr


def without_repetitions(output: str, printed: set[str]) -> str:
    """Leaves out what was printed for an earlier file: a finding in a header comes up with each file that includes it."""
    findings = re.split(r"^(?=\S+:\d+:\d+: (?:error|warning):)", output, flags=re.MULTILINE)
    new = [finding for finding in findings if finding.strip() and finding not in printed]
    printed.update(new)
    return "".join(new)


def output_of(script: str, *arguments: str) -> str:
    command = [ROOT / "scripts" / script, *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def find_clang_tidy() -> str:
    own = os.environ.get("CLANG_TIDY")
    return own or output_of("python-folder.sh", str(ROOT / "scripts" / "clang-tidy-requirements.txt")) + "/clang-tidy"


def open_stamps() -> Path:
    """The folder of what passed, without what nobody has asked for in a long time."""
    stamps = Path(output_of("cache-folder.sh")) / "clang-tidy"
    stamps.mkdir(parents=True, exist_ok=True)
    oldest = time.time() - DAYS_A_STAMP_IS_KEPT * 24 * 3600
    for stamp in stamps.iterdir():
        if stamp.stat().st_mtime < oldest:
            stamp.unlink(missing_ok=True)
    return stamps


def main() -> int:
    database, stamps = Path(sys.argv[1]).resolve(), open_stamps()
    clang_tidy = find_clang_tidy()
    tool = subprocess.run([clang_tidy, "--version"], capture_output=True, text=True, check=True).stdout

    work = []
    for entry in json.loads(database.read_text()):
        path = (Path(entry["directory"]) / entry["file"]).resolve()
        if not path.is_relative_to(ROOT) or path.relative_to(ROOT).parts[0] not in SOURCE_FOLDERS:
            continue
        name = str(path.relative_to(ROOT))
        stamp = stamps / fingerprint(path, entry["command"], tool)
        if stamp.is_file():
            stamp.touch()
        else:
            work.append((name, path, stamp))

    failed = 0
    printed: set[str] = set()
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        results = pool.map(lambda item: check(clang_tidy, item[1], database), work)
        for number, ((name, _, stamp), (passed, output)) in enumerate(zip(work, results), start=1):
            print(f"[{number}/{len(work)}] {name}{'' if passed else ': FAILED'}", flush=True)
            if passed:
                stamp.touch()
            else:
                print(without_repetitions(output, printed), flush=True)
                failed += 1
    print(f"clang-tidy: {len(work)} checked, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
