"""Minutes of everything that clients do, at `w2s serve`: a summary in Markdown, and exit code 1 if anything was wrong.

Every answer is checked: its status, its form, that greedy answers to the same request are the same, and that what is
refused is refused with an error of OpenAI's form. Then that nothing is left running, that the memory does not grow, and
that the server ends when asked to. `make load` runs this."""

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from load_check import Asker, Difference, Findings
from load_mix import SECRET, TEXT, Ask, Mix, Steering
from server_process import ServerProcess, eventually

PARALLEL = 8
MOST_QUEUED = 24
SECONDS_BETWEEN_SAMPLES = 5
SECONDS_BETWEEN_BURSTS = 20
SIZE_OF_BURST = 40
WARMING_BURSTS = 10
MOST_GROWTH = 0.5  # MiB a minute
ROWS_OF_MEMORY = 20
MOST_SHOWN = 20
MOST_SECONDS_TO_END = 300


@dataclass
class Sample:
    minute: float
    resident: float  # MiB
    anonymous: float  # MiB; without what is mapped from the model's file
    threads: int
    files: int


class Memory:
    """Of another process, over time."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.began = time.monotonic()
        self.samples: list[Sample] = []

    def look(self) -> None:
        status = dict(line.split(":", 1) for line in Path(f"/proc/{self.pid}/status").read_text().splitlines())

        def mebibytes(name: str) -> float:
            return int(status[name].split()[0]) / 1024

        files = len(os.listdir(f"/proc/{self.pid}/fd"))
        minute = (time.monotonic() - self.began) / 60
        threads = int(status["Threads"])
        self.samples.append(Sample(minute, mebibytes("VmRSS"), mebibytes("RssAnon"), threads, files))

    def watch(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.look()
            stop.wait(SECONDS_BETWEEN_SAMPLES)

    def growth(self) -> float:
        """MiB of anonymous memory a minute: the least-squares slope of the second half."""
        half = self.samples[len(self.samples) // 2 :]
        minutes = [sample.minute for sample in half]
        mean_minute = sum(minutes) / len(half)
        mean = sum(sample.anonymous for sample in half) / len(half)
        spread = sum((minute - mean_minute) ** 2 for minute in minutes)
        together = sum((sample.minute - mean_minute) * (sample.anonymous - mean) for sample in half)
        return together / spread if spread else 0.0


@dataclass
class Load:
    server: ServerProcess
    mix: Mix
    findings: Findings
    stop: threading.Event
    seed: int

    def worker(self, number: int) -> None:
        choose = random.Random(self.seed * 1000 + number)
        asker = Asker(self.server.port, self.findings, self.stop)
        while not self.stop.is_set():
            asker.ask(self.mix.draw(choose))
        asker.close()

    def at_once(self, asks: list[Ask]) -> None:
        askers = [Asker(self.server.port, self.findings, self.stop) for _ in asks]
        threads = [threading.Thread(target=asker.ask, args=[ask]) for asker, ask in zip(askers, asks, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for asker in askers:
            asker.close()

    def warm_up(self) -> None:
        """Each of the server's threads keeps memory for the largest request that it has seen."""
        choose = random.Random(self.seed)
        for _ in range(WARMING_BURSTS):
            self.at_once([self.mix.large(choose) for _ in range(SIZE_OF_BURST)])

    def bursts(self) -> None:
        while not self.stop.wait(SECONDS_BETWEEN_BURSTS):
            self.at_once([self.mix.short() for _ in range(SIZE_OF_BURST)])

    def run(self, seconds: float, threads: int) -> None:
        self.warm_up()
        workers = [threading.Thread(target=self.worker, args=[number]) for number in range(threads)]
        workers.append(threading.Thread(target=self.bursts))
        for worker in workers:
            worker.start()
        time.sleep(seconds)
        self.stop.set()
        for worker in workers:
            worker.join()


def steerings_of(server: ServerProcess) -> list[Steering]:
    data = json.loads(server.get("/v1/steering/vectors"))["data"]
    return [Steering(one["name"], tuple(one["layers"]), one["has_predictor"]) for one in data]


def stop_in_a_stream(load: Load) -> list[str]:
    """What has begun is finished when the server is asked to end."""
    wrong = []
    ask = load.mix.greedy(random.Random(1))
    ask.kind, ask.reference, ask.path = "finished while the server ends", "", TEXT
    fields = {"model": load.mix.model, "prompt": "Once upon a time", "max_tokens": 100, "stream": True}
    ask.fields = {**fields, "temperature": 0, "logprobs": 2}
    asker = Asker(load.server.port, load.findings, threading.Event())
    thread = threading.Thread(target=asker.ask, args=[ask])
    thread.start()
    if not eventually(lambda: load.server.metric("w2s_generations_running") == 1):
        wrong.append("the last stream did not begin")
    code = load.server.stop(MOST_SECONDS_TO_END)
    thread.join()
    if code != 0:
        wrong.append(f"the server ended with {code}")
    if load.findings.outcomes[ask.kind, "200, streamed"] != 1:
        wrong.append("the last stream was not finished")
    return wrong


def check_log(path: Path) -> tuple[int, list[str]]:
    wrong = []
    text = path.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    failed = [line for line in lines if line["status"] >= 500]
    if failed:
        wrong.append(f"{len(failed)} requests failed, the first: {failed[0]}")
    if SECRET in text.lower():
        wrong.append("the log has text of prompts")
    return len(lines), wrong


def unexplained(findings: Findings) -> list[Difference]:
    return [one for one in findings.differences if not one.margin < findings.floor]


def table(head: list[str], rows: list[list[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)


def summary(
    load: Load, memory: Memory, seconds: float, wrong: list[str], logged: int, metrics: dict[str, float]
) -> str:
    findings = load.findings
    outcomes = sorted(findings.outcomes.items())
    total = sum(findings.outcomes.values())
    text = f"{total} requests in {seconds:.0f} s, {findings.retries} of them asked again after a 429; "
    text += f"{metrics['w2s_tokens_generated_total']:.0f} tokens generated, {logged} lines in the log.\n\n"
    text += table(["request", "outcome", "times"], [[kind, outcome, count] for (kind, outcome), count in outcomes])
    text += f"\nGreedy answers: {findings.compared_answers} compared with the first to the same request "
    text += f"({len(findings.references)} of them), {findings.compared_tokens} equal tokens in equal contexts, whose "
    text += f"margin between the two best changed by {findings.floor:.2g} at most: the noise floor. "
    text += f"{len(findings.differences)} answers part, "
    text += f"{len(unexplained(findings))} of them where the margin is above the floor.\n\n"
    step = max(1, len(memory.samples) // ROWS_OF_MEMORY)
    shown = memory.samples[::step]
    if shown[-1] is not memory.samples[-1]:
        shown.append(memory.samples[-1])
    rows = [[f"{s.minute:.1f}", f"{s.resident:.1f}", f"{s.anonymous:.1f}", s.threads, s.files] for s in shown]
    text += table(["minute", "RSS, MiB", "anonymous, MiB", "threads", "open files"], rows)
    text += f"\nAnonymous memory grows by {memory.growth():+.3f} MiB a minute in the second half "
    text += f"({MOST_GROWTH} are allowed); {metrics['w2s_generations_running']:.0f} answers running and "
    text += f"{metrics['w2s_generations_queued']:.0f} queued at the end.\n\n"
    problems = [*wrong, *findings.errors]
    text += f"{len(problems)} problems.\n" + "".join(f"- {problem}\n" for problem in problems[:MOST_SHOWN])
    return text


def judge(load: Load, memory: Memory, metrics: dict[str, float]) -> list[str]:
    wrong = []
    for name in ("w2s_generations_running", "w2s_generations_queued"):
        if metrics[name] != 0:
            wrong.append(f"{name} is {metrics[name]} when all clients have gone")
    if memory.growth() > MOST_GROWTH:
        wrong.append(f"memory grows by {memory.growth():.2f} MiB a minute")
    for one in unexplained(load.findings):
        wrong.append(f"greedy request {one.reference} differs at token {one.position}, with a margin of {one.margin}")
    return wrong


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("w2s", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--steer", type=Path, nargs="+", required=True, help="results folders or files of vectors")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of the server")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main() -> int:
    wanted = options()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "requests.jsonl"
        command = [wanted.w2s, "serve", "-m", wanted.model, "-t", wanted.threads, "-np", PARALLEL, "--port", 0]
        command += ["--max-queue", MOST_QUEUED, "--max-prompt", 1024, "--max-body", 1, "--log-file", log]
        for path in wanted.steer:
            command += ["--steer", f"{path.stem}={path}"]
        with ServerProcess(command, Path(folder) / "server.log") as server:
            mix = Mix(wanted.model.stem, steerings_of(server), wanted.seed)
            load = Load(server, mix, Findings(), threading.Event(), wanted.seed)
            memory = Memory(server.process.pid)
            watched = threading.Event()
            watcher = threading.Thread(target=memory.watch, args=[watched])
            watcher.start()
            began = time.monotonic()
            load.run(wanted.seconds, wanted.clients)
            seconds = time.monotonic() - began
            eventually(lambda: server.metric("w2s_generations_running") + server.metric("w2s_generations_queued") == 0)
            memory.look()
            watched.set()
            watcher.join()
            names = ["w2s_generations_running", "w2s_generations_queued", "w2s_tokens_generated_total"]
            metrics = {name: server.metric(name) for name in names}
            wrong = judge(load, memory, metrics) + stop_in_a_stream(load)
            logged, wrong_in_log = check_log(log)
            wrong += wrong_in_log
            print(summary(load, memory, seconds, wrong, logged, metrics), end="")
            return 1 if wrong or load.findings.errors else 0


if __name__ == "__main__":
    sys.exit(main())
