"""What the load test asks: requests of every kind that clients make, in the proportions of MIX."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

CHAT = "/v1/chat/completions"
TEXT = "/v1/completions"
SECRET = "marmalade"  # in every prompt; must not come up in the server's log
PROMPTS = [
    f"The soup with {SECRET} was",
    f"My new camera, hidden in {SECRET},",
    f"How was your stay in the {SECRET} hotel?",
    f"Write a sentence about {SECRET} and rain.",
    f"What do you think of a holiday in {SECRET} country? Tell me in a few words, and say whether you would go again.",
    f"{SECRET.capitalize()} is",
    f"Is {SECRET} good for breakfast? My grandmother says that it is, and she is ninety-nine years old.",
    f"I opened the letter about the {SECRET}, and",
]
JSON_HEADERS = {"Content-Type": "application/json"}

Fields = dict[str, Any]


@dataclass(frozen=True)
class Steering:
    """One of GET /v1/steering/vectors."""

    name: str
    layers: tuple[int, ...]
    has_predictor: bool


@dataclass
class Ask:
    """A request and what may become of it."""

    kind: str
    path: str
    fields: Fields = field(default_factory=dict)
    method: str = "POST"
    statuses: frozenset[int] = frozenset({200})
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON_HEADERS))
    raw_body: bytes | None = None  # instead of the fields
    reference: str = ""  # greedy answers of one reference are the same
    leaves_after: int | None = None  # events, then the client closes the connection
    is_slow: bool = False

    @property
    def body(self) -> bytes:
        if self.method == "GET":
            return b""
        return json.dumps(self.fields).encode() if self.raw_body is None else self.raw_body

    @property
    def is_completion(self) -> bool:
        return 200 in self.statuses and self.path in (CHAT, TEXT)


class Mix:
    def __init__(self, model: str, steerings: list[Steering], seed: int) -> None:
        self.model = model
        self.steerings = steerings
        choose = random.Random(seed)
        # Few enough that each is asked many times.
        self.greedy_cases = [self._case(choose, at) for at in range(40)]
        self.vectors_of_cases = [self._vectors(choose, at) for at in range(len(self.greedy_cases))]

    def _case(self, choose: random.Random, at: int) -> Fields:
        prompt = PROMPTS[at % len(PROMPTS)]
        if at % 2:
            return {"prompt": prompt, "max_tokens": choose.randint(4, 24), "logprobs": 2}
        messages = [{"role": "user", "content": prompt}]
        if at % 3 == 0:
            messages.insert(0, {"role": "system", "content": "You answer in one sentence."})
        return {"messages": messages, "max_tokens": choose.randint(4, 24), "logprobs": True, "top_logprobs": 2}

    def _vectors(self, choose: random.Random, at: int) -> list[Fields]:
        """None for every fourth."""
        count = at % 4
        vectors = []
        for steering in choose.sample(self.steerings, min(count, len(self.steerings))):
            layers: list[Any] = [choose.choice(steering.layers), sorted(choose.sample(steering.layers, 3))]
            if steering.has_predictor:
                layers += ["auto", "auto", "auto:3"]
            scale = choose.choice([-2, -1, 0.5, 1, 1.5, 3])
            vectors.append({"name": steering.name, "scale": scale, "layer": choose.choice(layers)})
        return vectors

    def draw(self, choose: random.Random) -> Ask:
        make = choose.choices([make for make, _ in MIX], [weight for _, weight in MIX])[0]
        return make(self, choose)

    def greedy(self, choose: random.Random) -> Ask:
        at = choose.randrange(len(self.greedy_cases))
        vectors = self.vectors_of_cases[at]
        fields = {"model": self.model, "temperature": 0, **self.greedy_cases[at]}
        kind = f"greedy, {len(vectors)} vectors"
        if vectors:
            fields["steering"] = {"vectors": vectors}
        elif choose.random() < 0.5:  # the same as unsteered
            kind = "greedy, scale 0"
            nothing = {**self._vectors(choose, 1)[0], "scale": 0}
            fields["steering"] = {"vectors": [nothing]}
        if choose.random() < 0.5:
            fields["stream"] = True
            fields["stream_options"] = {"include_usage": True}
        if choose.random() < 0.2:
            fields["n"] = 2
        if choose.random() < 0.2:
            fields["stop"] = choose.choice([".", [",", " the"], "\n"])
        return Ask(kind, TEXT if "prompt" in fields else CHAT, fields, reference=f"{at}")

    def sampled(self, choose: random.Random) -> Ask:
        ask = self.greedy(choose)
        ask.fields.update(temperature=choose.choice([0.7, 1, 1.5]), seed=choose.randrange(1 << 40))
        ask.fields.update(choose.choice([{"top_p": 0.9}, {"top_k": 40}, {"min_p": 0.05}, {"repeat_penalty": 1.1}, {}]))
        ask.kind, ask.reference = "sampled", ""
        return ask

    def disconnect(self, choose: random.Random) -> Ask:
        ask = self.greedy(choose)
        ask.fields.update(stream=True, max_tokens=400)
        ask.kind, ask.reference, ask.leaves_after = "disconnects in a stream", "", choose.randint(0, 6)
        return ask

    def impatient(self, choose: random.Random) -> Ask:
        ask = self.greedy(choose)
        ask.fields.pop("stream", None)
        ask.fields.pop("stream_options", None)
        ask.fields.update(max_tokens=400)
        ask.kind, ask.reference, ask.leaves_after = "disconnects before an answer", "", 0
        return ask

    def slow(self, choose: random.Random) -> Ask:
        ask = self.greedy(choose)
        ask.kind, ask.is_slow = "slow sender and reader", True
        return ask

    def malformed(self, choose: random.Random) -> Ask:
        return choose.choice(MALFORMED)(self, choose)

    def look(self, choose: random.Random) -> Ask:
        path = choose.choice(["/v1/models", f"/v1/models/{self.model}", "/v1/steering/vectors", "/health", "/metrics"])
        return Ask("looks (GET)", path, method="GET")

    def large(self, choose: random.Random) -> Ask:
        """As much as a request may have."""
        return _raw("as large as allowed", 400, lambda body: b" " * (1 << 19) + b"[" + body + b"]")(self, choose)

    def short(self) -> Ask:
        """Of a burst."""
        fields = {"model": self.model, "prompt": f"One, two, {SECRET},", "max_tokens": 8, "temperature": 0}
        return Ask("burst", TEXT, fields)


def _refused(kind: str, status: int, **changes: Any) -> Callable[[Mix, random.Random], Ask]:
    """A greedy request with fields that are wrong; None takes one out."""

    def make(mix: Mix, choose: random.Random) -> Ask:
        ask = mix.greedy(choose)
        fields = {**ask.fields, **changes}
        fields = {name: value for name, value in fields.items() if value is not None}
        return Ask(f"malformed: {kind}", ask.path, fields, statuses=frozenset({status}))

    return make


def _refused_steering(kind: str, status: int, **changes: Any) -> Callable[[Mix, random.Random], Ask]:
    def make(mix: Mix, choose: random.Random) -> Ask:
        vector = {"name": choose.choice(mix.steerings).name, "scale": 1, "layer": 3, **changes}
        return _refused(kind, status, steering={"vectors": [vector]})(mix, choose)

    return make


def _raw(kind: str, status: int, change: Callable[[bytes], bytes]) -> Callable[[Mix, random.Random], Ask]:
    def make(mix: Mix, choose: random.Random) -> Ask:
        ask = mix.greedy(choose)
        return Ask(f"malformed: {kind}", ask.path, statuses=frozenset({status}), raw_body=change(ask.body))

    return make


def _with(kind: str, status: int, **changes: Any) -> Callable[[Mix, random.Random], Ask]:
    """Another path, method or headers."""

    def make(mix: Mix, choose: random.Random) -> Ask:
        ask = mix.greedy(choose)
        settings = {"path": ask.path, "fields": ask.fields, "statuses": frozenset({status}), **changes}
        return Ask(f"malformed: {kind}", **settings)

    return make


MALFORMED = [
    _raw("cut", 400, lambda body: body[: len(body) // 2]),
    _raw("no JSON", 400, lambda body: b"model=any&prompt=this"),
    _raw("empty", 400, lambda body: b""),
    _raw("not UTF-8", 400, lambda body: body.replace(b"m", b"\xff", 1)),
    _raw("nested deeply", 400, lambda body: b'{"model":' + b"[" * 100_000),
    _raw("no object", 400, lambda body: b"[" + body + b"]"),
    _raw("too large", 413, lambda body: b" " * (2 << 20) + body),
    _refused("no model", 400, model=None),
    _refused("unknown model", 404, model="none-such"),
    _refused("hot", 400, temperature=99),
    _refused("n of 0", 400, n=0),
    _refused("n of 1000", 400, n=1000),
    _refused("no tokens", 400, max_tokens=0),
    _refused("tools", 400, tools=[{"type": "function", "function": {"name": "cook"}}]),
    _refused("stop is a number", 400, stop=7),
    _refused("messages and prompt are numbers", 400, messages=1, prompt=1.5),
    _refused("unknown role", 400, prompt=[], messages=[{"role": "cook", "content": "soup"}]),
    _refused("long prompt", 400, prompt="a " * 9000, messages=[{"role": "user", "content": "a " * 9000}]),
    _refused("steering is a list", 400, steering=[]),
    _refused_steering("unknown vector", 404, name="none-such"),
    _refused_steering("unknown layer", 400, layer=999),
    _refused_steering("layer is a word", 400, layer="top"),
    _refused_steering("endless scale", 400, scale=1e30),
    _with("form", 415, headers={"Content-Type": "application/x-www-form-urlencoded"}),
    _with("unknown path", 404, path="/v1/nothing/here"),
    _with("wrong method", 405, method="GET"),
    _with("wrong method", 405, path="/v1/models"),
    _with("another site's page", 403, headers={**JSON_HEADERS, "Host": "evil.example"}),
]

MIX: list[tuple[Callable[[Mix, random.Random], Ask], float]] = [
    (Mix.greedy, 48),
    (Mix.sampled, 16),
    (Mix.malformed, 20),
    (Mix.look, 6),
    (Mix.disconnect, 4),
    (Mix.impatient, 2),
    (Mix.slow, 4),
]
