#!/usr/bin/env python3
"""Checks the rules that no compiler checks: who includes whom, who prints, and how large a file may be.

CONTRIBUTING.md has the rules in words. Prints a line for each breach and ends with exit code 1 if there is one.
"""
import re
import subprocess
import sys
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).resolve().parent.parent

# Whose headers a room may include besides its own.
MAY_USE = {
    "base": set(),
    "remote": {"base"},
    "data": {"base"},
    "engine": {"base"},
    "nn": {"base"},
    "vectors": {"base", "data", "engine", "nn"},
    "sweep": {"base", "data", "engine", "vectors"},
    "predictor": {"base", "data", "sweep", "nn"},
    "results": {"base", "remote", "data", "engine", "vectors", "sweep", "predictor"},
    "study": {"base", "remote", "data", "engine", "vectors", "sweep", "nn", "predictor", "results"},
    "experiment": {"base", "remote", "data", "engine", "vectors", "sweep", "predictor", "results", "study"},
    "report": {"base", "data", "vectors", "sweep", "predictor", "results", "experiment"},
    "generate": {"base", "data", "engine", "vectors", "sweep", "predictor", "results"},
    "serve": {"base", "remote", "data", "engine", "vectors", "sweep", "predictor", "results", "generate"},
    "cli": {"base", "remote", "data", "engine", "vectors", "sweep", "predictor", "results", "study", "experiment",
            "report", "generate", "serve"},
}
# Single headers beyond that: the predictor's file is a tensor file and names an operator, but the predictor never meets
# a model; a report names the llama.cpp that its program is linked to.
MAY_ALSO_INCLUDE = {"predictor": {"w2s/model.h", "w2s/decoding.h"}, "report": {"w2s/model.h"}}

# The public headers, and the room whose concept each declares.
PUBLIC_HEADERS = {
    "base": "base", "option": "base", "table": "base", "data": "data", "model": "engine", "decoding": "engine",
    "remote": "remote", "vectors": "vectors", "sweep": "sweep", "predictor": "predictor", "results": "results",
    "study": "study", "experiment": "experiment", "report": "report", "generation": "generate", "server": "serve",
}  # fmt: skip

# Which room alone may include a library's headers.
LIBRARY_ROOMS = [
    (re.compile(r"(llama|ggml|gguf)[\w-]*\.h$|(common|chat|sampling)\.h$"), {"engine"}),
    (re.compile(r"sqlite3\.h$"), {"sweep"}),
    (re.compile(r"mpi\.h$"), {"base"}),
    (re.compile(r"zip\.h$"), {"vectors"}),
    (re.compile(r"curl/"), {"remote"}),
    (re.compile(r"(zlib|quickjs)\.h$"), {"report"}),
    (re.compile(r"Eigen/"), {"engine", "nn", "predictor", "vectors", "bench"}),
    (re.compile(r"(umappp|knncolle|irlba|subpar|aarand|sanisizer)/"), {"nn"}),
    (re.compile(r"CLI/"), {"cli"}),
    (re.compile(r"httplib\.h$"), {"serve", "remote"}),
]
# The folders of the libraries' headers that are in one.
LIBRARY_FOLDERS = ("Eigen/", "CLI/", "curl/", "umappp/", "knncolle/", "irlba/", "subpar/", "aarand/", "sanisizer/")

# The library never prints and never ends the program.
PRINTS_OR_EXITS = re.compile(
    r"\bstd::(cout|cerr|clog|exit|abort|terminate|quick_exit)\b"
    r"|(?<![\w.:>])(std::)?(v?f?printf|puts|fputs|putchar|exit|abort|_exit)\s*\("
    r"|\bfmt::print(ln)?\s*\("
)

MAX_LINES = 600
MAX_BYTES = 1 << 20
TEXT_WITH_A_LINE_LIMIT = {".h", ".cpp", ".cmake", ".py", ".sh"}

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL
)


def code_alone(text: str) -> str:
    """The text with comments and string literals blanked out; lines keep their numbers."""
    return COMMENT_OR_STRING.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def room_of_file(path: Path) -> str | None:
    """The room a file belongs to; None for tests, benchmarks and the like, which may use every room."""
    parts = path.relative_to(ROOT).parts
    if parts[0] == "src":
        return parts[1]
    if parts[0] == "include":
        return PUBLIC_HEADERS.get(path.stem)
    return None


def room_a_file_is_about(path: Path) -> str | None:
    """A test of a room may use the libraries that the room itself uses; benchmarks count as a room here."""
    parts = path.relative_to(ROOT).parts
    if parts[0] == "bench":
        return "bench"
    return parts[1] if parts[0] == "tests" and len(parts) > 2 else room_of_file(path)


def room_of_include(path: Path, name: str) -> str | None:
    """The room whose header is included; None for what is not ours."""
    if name.startswith("w2s/"):
        return PUBLIC_HEADERS.get(Path(name).stem)
    if (path.parent / name).is_file():
        return room_of_file(path.parent.resolve() / name)
    if (ROOT / "src" / name).is_file():
        return Path(name).parts[0]
    return None


def breaches_of_include(path: Path, name: str) -> Iterator[str]:
    room = room_of_file(path)
    for pattern, rooms in LIBRARY_ROOMS:
        is_in_library_folder = name.startswith(LIBRARY_FOLDERS)
        if ("/" not in name or is_in_library_folder) and pattern.match(name):
            is_ours = not is_in_library_folder and room_of_include(path, name) is not None
            if not is_ours and room_a_file_is_about(path) not in rooms:
                yield f"{name} belongs to {' and '.join(sorted(rooms))} alone"

    included = room_of_include(path, name)
    if room is None or included is None:
        return
    if path.is_relative_to(ROOT / "include") and not name.startswith("w2s/"):
        yield f"a public header includes public ones alone, not {name}"
    if included == room:
        return
    if included not in MAY_USE[room] and name not in MAY_ALSO_INCLUDE.get(room, set()):
        yield f"{room} may not use {included} ({name})"
    elif room == "cli" and not name.startswith("w2s/"):
        yield f"cli uses the library through w2s/*.h alone, not {name}"


def breaches_of_source(path: Path) -> Iterator[tuple[int, str]]:
    text = path.read_text()
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        match = INCLUDE.match(line)
        if match:
            for breach in breaches_of_include(path, match.group(1)):
                yield number, breach

    room = room_of_file(path)
    is_library = path.relative_to(ROOT).parts[0] in ("src", "include") and room != "cli"
    if is_library:
        for number, line in enumerate(code_alone(text).splitlines(), start=1):
            match = PRINTS_OR_EXITS.search(line)
            if match:
                yield number, f"the library neither prints nor exits: {match.group().strip('( ')}"


def sources() -> list[Path]:
    folders = ("include", "src", "tests", "bench", "examples", "fuzz")
    return sorted(
        path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".h", ".cpp")
    )


def project_files() -> list[Path]:
    """Tracked files, and new ones that git does not ignore."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [ROOT / name for name in sorted(set(listing.split("\0"))) if name and (ROOT / name).is_file()]


def all_breaches() -> Iterator[str]:
    for header in sorted((ROOT / "include" / "w2s").glob("*.h")):
        if header.stem not in PUBLIC_HEADERS:
            yield f"{header.relative_to(ROOT)}: a public header has a room: name it in {Path(__file__).name}"
    for path in sources():
        for number, breach in breaches_of_source(path):
            yield f"{path.relative_to(ROOT)}:{number}: {breach}"
    for path in project_files():
        name = path.relative_to(ROOT)
        if path.stat().st_size > MAX_BYTES:
            yield f"{name}: {path.stat().st_size} bytes; {MAX_BYTES} at most belong in the repository"
        elif path.suffix in TEXT_WITH_A_LINE_LIMIT:
            lines = len(path.read_text().splitlines())
            if lines > MAX_LINES:
                yield f"{name}: {lines} lines; split it by concept, {MAX_LINES} at most"


def main() -> int:
    breaches = list(all_breaches())
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
