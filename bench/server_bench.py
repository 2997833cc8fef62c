"""`w2s serve` beside llama.cpp's own server, and steered beside unsteered: a table in Markdown.

Both serve the same model with the same settings, and are asked the same by the same client, in turns: what else the
machine does meets them alike, and only ratios within a round are reported, their medians. `make server-bench` runs
this."""

import argparse
import http.client
import json
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server_process import ServerProcess

PARALLEL = 8
CONTEXT_OF_AN_ANSWER = 1024
WORDS = "soup rain camera letter breakfast hotel river morning window story garden winter music train".split()
WORDS_OF_PROMPT = 40
SCALE = 1.0


@dataclass(frozen=True)
class Contestant:
    name: str
    server: ServerProcess
    first_word: str  # of the prompts: of two contestants on one server, neither finds what the other left
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass
class Turn:
    """What one contestant did with one set of prompts."""

    texts: list[str]
    tokens_per_second: float  # of all streams together, from the requests to the last token
    first_token: float  # seconds, the mean over the streams
    processor_seconds: float  # of the server's process


@dataclass
class Stream:
    text: str = ""
    first_token: float = 0.0
    tokens: int = 0
    error: str = ""


def read_stream(contestant: Contestant, body: dict[str, Any]) -> Stream:
    stream = Stream()
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", contestant.server.port, timeout=600)
    connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    if response.status != 200:
        raise RuntimeError(f"{contestant.name} answers {response.status}: {response.read().decode()}")
    for line in response:
        if not line.startswith(b"data: {"):
            continue
        chunk = json.loads(line[6:])
        text = chunk["choices"][0]["text"] if chunk["choices"] else ""
        if text and not stream.first_token:
            stream.first_token = time.perf_counter() - began
        stream.text += text
        if chunk.get("usage"):
            stream.tokens = chunk["usage"]["completion_tokens"]
    connection.close()
    return stream


def processor_seconds(server: ServerProcess) -> float:
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def take_turn(contestant: Contestant, prompts: Sequence[str], tokens: int, end_tokens: Sequence[int]) -> Turn:
    streams = [Stream() for _ in prompts]

    def ask(at: int) -> None:
        body = {"model": "model", "prompt": prompts[at], "max_tokens": tokens, "temperature": 0, "stream": True}
        body["stream_options"] = {"include_usage": True}
        body["logit_bias"] = {str(token): -100 for token in end_tokens}
        try:
            streams[at] = read_stream(contestant, {**body, **contestant.fields})
        except Exception as error:  # told by the thread that waits
            streams[at].error = str(error)

    threads = [threading.Thread(target=ask, args=[at]) for at in range(len(prompts))]
    spent_before = processor_seconds(contestant.server)
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    spent = processor_seconds(contestant.server) - spent_before
    for stream in streams:
        if stream.error or stream.tokens != tokens or not stream.first_token:
            raise RuntimeError(f"{contestant.name}: {stream.tokens} of {tokens} tokens; {stream.error}")
    return Turn(
        texts=[stream.text for stream in streams],
        tokens_per_second=len(prompts) * tokens / seconds,
        first_token=statistics.mean(stream.first_token for stream in streams),
        processor_seconds=spent,
    )


def prompts_of(first_word: str, number: int, streams: int) -> list[str]:
    """They differ within the first tokens, so that no server has anything of them already."""
    choose = random.Random(number * 1000 + streams)
    return [
        f"{at} {first_word} {number:02} {streams}: " + " ".join(choose.choices(WORDS, k=WORDS_OF_PROMPT)) + " is"
        for at in range(streams)
    ]


def take_turns(
    contestants: Sequence[Contestant], streams: int, rounds: int, tokens: int, end_tokens: Sequence[int]
) -> dict[str, list[Turn]]:
    turns: dict[str, list[Turn]] = {contestant.name: [] for contestant in contestants}
    for number in range(-1, rounds):  # one to warm up
        order = contestants if number % 2 else contestants[::-1]
        for contestant in order:
            prompts = prompts_of(contestant.first_word, number + 1, streams)
            turn = take_turn(contestant, prompts, tokens, end_tokens)
            if number >= 0:
                turns[contestant.name].append(turn)
        print(f"{streams} streams: {number + 1} of {rounds} rounds", file=sys.stderr)
    return turns


def ratios(ones: Sequence[Turn], others: Sequence[Turn], value: Callable[[Turn], float]) -> str:
    """Median, with the quartiles."""
    found = [value(one) / value(other) for one, other in zip(ones, others, strict=True)]
    low, middle, high = statistics.quantiles(found, n=4)
    return f"{middle:.3f} ({low:.3f} to {high:.3f})"


VALUES: list[tuple[str, Callable[[Turn], float]]] = [
    ("tokens per second", lambda turn: turn.tokens_per_second),
    ("tokens per processor second", lambda turn: 1 / turn.processor_seconds),
    ("speed to the first token", lambda turn: 1 / turn.first_token),
]


def report(turns: dict[int, dict[str, list[Turn]]]) -> str:
    rows = ["| streams | | steered / unsteered | w2s / llama.cpp, both unsteered |", "| --- | --- | --- | --- |"]
    for streams, by_name in turns.items():
        steered, plain, theirs = (by_name[name] for name in ("steered", "unsteered", "llama.cpp"))
        for name, value in VALUES:
            rows.append(f"| {streams} | {name} | {ratios(steered, plain, value)} | {ratios(plain, theirs, value)} |")
    equal = total = 0
    for by_name in turns.values():
        for one, other in zip(by_name["unsteered"], by_name["llama.cpp"], strict=True):
            equal += sum(mine == their for mine, their in zip(one.texts, other.texts, strict=True))
            total += len(one.texts)
    rows += ["", f"{equal} of {total} unsteered answers are the same text from both."]
    return "\n".join(rows)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("w2s", type=Path)
    parser.add_argument("llama_server", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--steer", type=Path, required=True, help="results folder with a predictor")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of each server")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--tokens", type=int, default=48, help="of each answer")
    parser.add_argument("--end-tokens", type=int, nargs="*", default=[0, 2], help="that end the model's answers")
    return parser.parse_args()


def main() -> None:
    wanted = options()
    alike = ["-m", wanted.model, "-t", wanted.threads, "-c", PARALLEL * CONTEXT_OF_AN_ANSWER, "-np", PARALLEL]
    alike += ["--port", 0]
    ours = [wanted.w2s, "serve", *alike, "-a", "model", "--steer", f"one={wanted.steer}"]
    theirs = [wanted.llama_server, *alike, "-tb", wanted.threads, "-a", "model", "-ngl", 0, "-fa", "off", "-ctk", "f32"]
    theirs += ["-ctv", "f32", "-b", 512, "-ub", 512, "-kvu", "--no-cache-prompt", "-cram", 0, "--no-ui"]
    with tempfile.TemporaryDirectory() as folder:
        with (
            ServerProcess(ours, Path(folder) / "ours.log") as w2s,
            ServerProcess(theirs, Path(folder) / "theirs.log", r"listening on (http://\S+)") as llama_cpp,
        ):
            steering = {"vectors": [{"name": "one", "scale": SCALE, "layer": "auto"}]}
            contestants = [
                Contestant("llama.cpp", llama_cpp, "One"),
                Contestant("unsteered", w2s, "One"),
                Contestant("steered", w2s, "Two", {"steering": steering}),
            ]
            turns = {
                streams: take_turns(contestants, streams, wanted.rounds, wanted.tokens, wanted.end_tokens)
                for streams in (1, PARALLEL)
            }
    settings = f"{wanted.rounds} rounds, {wanted.threads} threads, answers of {wanted.tokens} tokens"
    print(f"{settings}; medians of the ratios of a round, with quartiles; above 1 is faster.\n\n{report(turns)}")


if __name__ == "__main__":
    main()
