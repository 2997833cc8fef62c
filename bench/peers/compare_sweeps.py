"""w2s's layer sweep beside the same in PyTorch, in one run and in turns: a table in Markdown.

All use the same model file, tokens, vectors and number of threads, and all must find the same propensities. What else
the machine does meets them alike: ratios are those within a round. `make peers` runs this."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import transformers
from torch import Tensor

from grid import Grid, read_grid
from transformers_sweeps import FullPasses, Minimal, Rows, load_model
from tuned_minimal import TunedMinimal

OURS = "w2s, minimal"
LARGEST_DIFFERENCE = 2e-4  # logits


class Rounds:
    """The program `sweep_rounds`, which sweeps when told to."""

    def __init__(self, program: str, model: Path, data: str, samples: int, threads: int) -> None:
        command = [program, str(model), data, str(samples), str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.grid = read_grid(self.read())

    def read(self) -> dict:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            sys.exit("sweep_rounds ended early")
        return json.loads(line)

    def sweep(self, executor: str) -> tuple[float, Tensor]:
        assert self.process.stdin
        print(executor, file=self.process.stdin, flush=True)
        answer = self.read()
        return answer["seconds"], torch.tensor(answer["propensity"])


Contestant = Callable[[], tuple[float, float]]  # seconds a sample, largest difference from w2s


class Comparison:
    def __init__(self, rounds: Rounds, model_file: Path, threads: int, passes: int) -> None:
        self.rounds = rounds
        self.threads = threads
        self.expected = rounds.sweep("minimal")[1]
        model = load_model(model_file)
        grid = rounds.grid
        self.contestants: dict[str, Contestant] = {
            OURS: lambda: self.time_ours("minimal"),
            "w2s, rows": lambda: self.time_ours("rows"),
            "PyTorch, minimal, tuned": self.timed(TunedMinimal(model, grid, threads, together=4).sweep),
            "PyTorch, minimal": self.timed(Minimal(model, grid).sweep),
            "PyTorch, rows": self.timed(Rows(model, grid).sweep),
        }
        if passes > 0:
            full = FullPasses(model, grid, passes)
            self.contestants["PyTorch, full passes"] = lambda: self.time_full(full)

    def difference(self, propensity: Tensor) -> float:
        return float((propensity - self.expected).abs().max())

    def time_ours(self, executor: str) -> tuple[float, float]:
        seconds, propensity = self.rounds.sweep(executor)
        return seconds / len(propensity), self.difference(propensity)

    def timed(self, sweep: Callable[[], Tensor]) -> Contestant:
        def time_sweep() -> tuple[float, float]:
            torch.set_num_threads(self.threads)
            began = time.perf_counter()
            propensity = sweep()
            return (time.perf_counter() - began) / len(propensity), self.difference(propensity)

        return time_sweep

    def time_full(self, full: FullPasses) -> tuple[float, float]:
        torch.set_num_threads(self.threads)
        seconds, found = full.run()
        return seconds, max(abs(float(value - self.expected[0, place])) for place, value in found.items())

    def run(self, count: int) -> dict[str, dict]:
        results: dict[str, dict] = {name: {"seconds": [], "difference": 0.0} for name in self.contestants}
        names = list(self.contestants)
        for turn in range(-1, count):  # the first is a warm-up
            begin = turn % len(names)
            for name in names[begin:] + names[:begin]:
                seconds, difference = self.contestants[name]()
                print(f"{name}: {seconds:.3f}", file=sys.stderr)
                results[name]["difference"] = max(results[name]["difference"], difference)
                if turn >= 0:
                    results[name]["seconds"].append(seconds)
        for result in results.values():
            pairs = zip(result["seconds"], results[OURS]["seconds"])
            result["ratio"] = statistics.median(own / ours for own, ours in pairs)
        return results


def machine() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores"


def describe(grid: Grid, options: argparse.Namespace, load: float) -> str:
    prompts = [len(sample.prompt) for sample in grid.samples]
    return "; ".join(
        [
            f"{machine()}, load {load:.1f} before the run",
            f"{options.threads} threads",
            options.model.stem,
            f"{len(grid.samples)} samples of {options.data}",
            f"prompts of {min(prompts)} to {max(prompts)} tokens, {grid.prefix} of them in common",
            f"{grid.layers} layers x {len(grid.multipliers)} multipliers",
            f"medians of {options.rounds} rounds",
            f"PyTorch {torch.__version__}, transformers {transformers.__version__}",
        ]
    )


def print_table(results: dict[str, dict]) -> None:
    print("| | seconds a sample | times w2s | largest difference |\n| --- | --- | --- | --- |")
    for name, result in results.items():
        seconds = statistics.median(result["seconds"])
        print(f"| {name} | {seconds:.3f} | {result['ratio']:.2f} | {result['difference']:.6f} |")


def options_of_command_line() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", help="the program sweep_rounds")
    parser.add_argument("model", type=Path, help="F32 model of the Llama family, GGUF")
    parser.add_argument("--data", default="builtin:positive-review", help="as w2s takes it (default: %(default)s)")
    parser.add_argument("--samples", type=int, default=8, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="default: one a core")
    parser.add_argument(
        "--passes", type=int, default=24, help="of the loop of full passes, a round; 0: leave it out (default: 24)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="where every round's seconds go")
    return parser.parse_args()


def main() -> None:
    options = options_of_command_line()
    load = os.getloadavg()[0]
    rounds = Rounds(options.program, options.model, options.data, options.samples, options.threads)
    results = Comparison(rounds, options.model, options.threads, options.passes).run(options.rounds)
    setting = describe(rounds.grid, options, load)
    print(setting + "\n")
    print_table(results)
    if options.passes > 0:
        print(f"\nFull passes: {options.passes} of a sample's, drawn at random, are timed in each round.")
    if options.json:
        options.json.write_text(json.dumps({"setting": setting, "results": results}, indent=2) + "\n")
    if not all(result["difference"] <= LARGEST_DIFFERENCE for result in results.values()):
        sys.exit(f"error: propensities differ by more than {LARGEST_DIFFERENCE}")


if __name__ == "__main__":
    main()
