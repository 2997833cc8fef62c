"""Asks a server one thing, and checks the answer in full."""

import http.client
import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from load_mix import CHAT, Ask

TIMEOUT = 240  # seconds without a byte
MOST_TRIES = 60  # where the server says 429
PAUSE_OF_SLOW = 0.05  # seconds


class Wrong(Exception):
    """An answer that is not as it must be."""


def expect(is_so: bool, what: str) -> None:
    if not is_so:
        raise Wrong(what)


@dataclass
class Scored:
    token: Any
    log_probability: float
    likely: list[float]  # the two best, sorted

    @property
    def margin(self) -> float:
        return self.likely[0] - self.likely[1] if len(self.likely) > 1 else float("inf")


@dataclass
class Answer:
    """One choice."""

    text: str = ""
    finish_reason: str | None = None
    scores: list[Scored] = field(default_factory=list)


@dataclass
class Completion:
    answers: list[Answer]
    steering: Any = None
    completion_tokens: int | None = None


@dataclass
class Difference:
    """Greedy answers to the same request that part; legitimate if rounding can change a margin by as much."""

    reference: str
    position: int
    margin: float


class Findings:
    """What all threads found."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.errors: list[str] = []
        self.references: dict[str, Answer] = {}
        self.choices: dict[str, Any] = {}
        self.compared_tokens = 0
        self.compared_answers = 0
        self.floor = 0.0  # largest change of the margin between the two best, in equal contexts
        self.differences: list[Difference] = []
        self.tokens = 0
        self.retries = 0

    def count(self, kind: str, outcome: str) -> None:
        with self._lock:
            self.outcomes[kind, outcome] += 1

    def add_error(self, kind: str, what: str) -> None:
        with self._lock:
            self.outcomes[kind, "WRONG"] += 1
            self.errors.append(f"{kind}: {what}")

    def add_retry(self) -> None:
        with self._lock:
            self.retries += 1

    def add_completion(self, ask: Ask, completion: Completion) -> None:
        with self._lock:
            self.tokens += sum(len(answer.scores) for answer in completion.answers)
            if not ask.reference:
                return
            is_cut = "stop" in ask.fields
            for answer in completion.answers:
                if ask.reference in self.references:
                    self._compare(ask.reference, self.references[ask.reference], answer, is_cut)
                elif not is_cut:
                    self.references[ask.reference] = answer
            self._compare_choices(ask, completion.steering)

    def _compare(self, reference: str, first: Answer, again: Answer, is_cut: bool) -> None:
        self.compared_answers += 1
        length = min(len(first.scores), len(again.scores))
        for position, (one, other) in enumerate(zip(first.scores, again.scores)):
            if one.token != other.token:
                self.differences.append(Difference(reference, position, min(one.margin, other.margin)))
                return
            self.compared_tokens += 1
            if len(one.likely) > 1 and len(other.likely) > 1:
                self.floor = max(self.floor, abs(one.margin - other.margin))
        if len(first.scores) == len(again.scores):
            if not is_cut and first.text != again.text:
                self.errors.append(f"equal tokens, but {first.text!r} and {again.text!r}")
        elif not (is_cut and length == len(again.scores)):  # one ended, with a token that has no score
            longer = max(first.scores, again.scores, key=len)
            self.differences.append(Difference(reference, length, longer[length].margin))

    def _compare_choices(self, ask: Ask, steering: Any) -> None:
        """The layers and scales that the predictor chose are the same every time."""
        vectors = ask.fields.get("steering", {}).get("vectors", [])
        if all(vector["scale"] == 0 for vector in vectors):  # any will do
            return
        applied = [(one["name"], one["layer"], round(one["scale"], 2)) for one in steering["applied"]]
        if self.choices.setdefault(ask.reference, applied) != applied:
            self.errors.append(f"{ask.fields['steering']}: {self.choices[ask.reference]}, and then {applied}")


def _descending(numbers: Iterable[float]) -> list[float]:
    return sorted(numbers, reverse=True)


def _scores_of(path: str, log_probabilities: Any) -> list[Scored]:
    if log_probabilities is None:
        return []
    if path == CHAT:
        return [
            Scored(one["bytes"], one["logprob"], _descending(like["logprob"] for like in one["top_logprobs"]))
            for one in log_probabilities["content"]
        ]
    columns = (log_probabilities[name] for name in ("tokens", "token_logprobs", "top_logprobs"))
    return [Scored(token, score, _descending(likely.values())) for token, score, likely in zip(*columns)]


def _check_error(ask: Ask, status: int, headers: http.client.HTTPMessage, body: bytes) -> None:
    expect(headers.get_content_type() == "application/json", f"{status} is {headers.get_content_type()}")
    error = json.loads(body)["error"]
    expect(set(error) == {"message", "type", "param", "code"}, f"{status}: {error}")
    expect(bool(error["message"]) and bool(error["type"]), f"{status}: {error}")
    if status == 429:
        expect(headers["Retry-After"] == "1" and error["type"] == "rate_limit_error", f"{error}, {headers}")


class Asker:
    """A client with one connection, which it keeps as long as the server does."""

    def __init__(self, port: int, findings: Findings, stop: threading.Event) -> None:
        self.port = port
        self.findings = findings
        self.stop = stop
        self.connection: http.client.HTTPConnection | None = None

    def ask(self, ask: Ask) -> None:
        try:
            self.findings.count(ask.kind, self._ask(ask))
        except (Wrong, OSError, http.client.HTTPException, ValueError, KeyError, TypeError, IndexError) as error:
            self.close()
            self.findings.add_error(ask.kind, f"{type(error).__name__}: {error}; asked {ask.path} {ask.body[:300]!r}")

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def _ask(self, ask: Ask) -> str:
        for _ in range(MOST_TRIES):
            if ask.leaves_after is not None:
                return self._ask_and_leave(ask)
            response = self._send(ask)
            try:
                status = response.status
                expect(status in ask.statuses or (status == 429 and ask.is_completion), f"answered {status}")
                if status != 429:
                    return self._take(ask, response)
                _check_error(ask, status, response.headers, response.read())
            finally:
                if response.will_close or not response.isclosed():
                    self.close()
            if ask.kind == "burst" or self.stop.is_set():
                return "429"
            self.findings.add_retry()
            self.stop.wait(float(response.headers["Retry-After"]))
        raise Wrong(f"429, {MOST_TRIES} times")

    def _send(self, ask: Ask) -> http.client.HTTPResponse:
        """On a kept connection, once more on a new one: the server may just have closed it."""
        is_new = self.connection is None
        try:
            return self._send_once(ask)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self.close()
            if is_new:
                raise
            return self._send_once(ask)

    def _send_once(self, ask: Ask) -> http.client.HTTPResponse:
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
            self.connection.connect()
        connection, body = self.connection, ask.body
        connection.putrequest(ask.method, ask.path, skip_host="Host" in ask.headers)
        for name, value in ask.headers.items():
            connection.putheader(name, value)
        if ask.method == "POST":
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        try:
            for at in range(0, len(body), 64 if ask.is_slow else 1 << 16):
                connection.send(body[at : at + (64 if ask.is_slow else 1 << 16)])
                if ask.is_slow:
                    time.sleep(PAUSE_OF_SLOW)
        except (BrokenPipeError, ConnectionResetError):
            if 413 not in ask.statuses:  # that is said before the body was read
                raise
        return connection.getresponse()

    def _ask_and_leave(self, ask: Ask) -> str:
        self.close()
        if ask.fields.get("stream"):
            response = self._send(ask)
            expect(response.status in (200, 429), f"answered {response.status}")
            for _ in range(2 * (ask.leaves_after or 0)):
                if not response.readline():
                    break
        else:
            connection = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT)
            head = f"POST {ask.path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            connection.sendall(f"{head}Content-Length: {len(ask.body)}\r\n\r\n".encode() + ask.body)
            self.stop.wait(0.2)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
            connection.close()
        self.close()
        return "left"

    def _take(self, ask: Ask, response: http.client.HTTPResponse) -> str:
        if response.status != 200:
            _check_error(ask, response.status, response.headers, response.read())
            return str(response.status)
        if not ask.is_completion:
            expect(response.read() != b"", "nothing")
            return "200"
        completion = self._read_stream(ask, response) if ask.fields.get("stream") else self._read_whole(ask, response)
        self._check(ask, completion)
        self.findings.add_completion(ask, completion)
        return "200, streamed" if ask.fields.get("stream") else "200"

    def _read_whole(self, ask: Ask, response: http.client.HTTPResponse) -> Completion:
        body = json.loads(response.read())
        answers = []
        for choice in body["choices"]:
            text = choice["message"]["content"] if ask.path == CHAT else choice["text"]
            answers.append(Answer(text, choice["finish_reason"], _scores_of(ask.path, choice["logprobs"])))
        return Completion(answers, body.get("steering"), body["usage"]["completion_tokens"])

    def _read_stream(self, ask: Ask, response: http.client.HTTPResponse) -> Completion:
        expect(response.headers.get_content_type() == "text/event-stream", f"{response.headers}")
        completion = Completion([Answer() for _ in range(ask.fields.get("n", 1))])
        while (event := self._read_event(ask, response)) != "[DONE]":
            self._add_chunk(ask, completion, json.loads(event))
        expect(response.readline() == b"", "more than [DONE]")
        response.read()
        return completion

    def _read_event(self, ask: Ask, response: http.client.HTTPResponse) -> str:
        if ask.is_slow:
            time.sleep(PAUSE_OF_SLOW)
        line, empty = response.readline(), response.readline()
        expect(line.startswith(b"data: ") and line.endswith(b"\n") and empty == b"\n", f"no event: {line!r} {empty!r}")
        return line[6:-1].decode()

    def _add_chunk(self, ask: Ask, completion: Completion, chunk: Any) -> None:
        expect("error" not in chunk, f"{chunk}")
        if "steering" in chunk:
            completion.steering = chunk["steering"]
        if chunk.get("usage"):
            completion.completion_tokens = chunk["usage"]["completion_tokens"]
        for choice in chunk["choices"]:
            answer = completion.answers[choice["index"]]
            expect(answer.finish_reason is None, "a chunk after the last")
            answer.text += (choice["delta"].get("content") or "") if ask.path == CHAT else choice["text"]
            answer.scores += _scores_of(ask.path, choice["logprobs"])
            answer.finish_reason = choice["finish_reason"]

    def _check(self, ask: Ask, completion: Completion) -> None:
        stops = ask.fields.get("stop", [])
        stops = [stops] if isinstance(stops, str) else stops
        expect(len(completion.answers) == ask.fields.get("n", 1), f"{len(completion.answers)} answers")
        for answer in completion.answers:
            expect(answer.finish_reason in ("stop", "length"), f"finished for {answer.finish_reason}")
            expect(len(answer.scores) <= ask.fields["max_tokens"], f"{len(answer.scores)} tokens")
            expect(not any(stop in answer.text for stop in stops), f"{stops} in {answer.text!r}")
        most = len(completion.answers) * ask.fields["max_tokens"]
        expect(completion.completion_tokens is None or 0 < completion.completion_tokens <= most, "usage")
        wanted = {vector["name"] for vector in ask.fields.get("steering", {}).get("vectors", [])}
        applied = {one["name"] for one in (completion.steering or {"applied": []})["applied"]}
        expect(wanted == applied, f"steered with {applied}, not with {wanted}")
