"""`w2s serve` as OpenAI's Python client sees it, unmodified: scripts/client-tests.sh runs this."""

import asyncio
import contextlib
import io
import math
import os
import re
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any

import openai
from openai import AsyncOpenAI, OpenAI
from server_process import ServerProcess, eventually

KEY = "sk-of-this-test"
END_OF_ANSWER = "257"  # the tiny model's token that ends an answer
CONTEXT = 65536
QUESTION = [{"role": "user", "content": "How was the soup?"}]
HELLO = [{"role": "user", "content": "Hello"}]
RUNNING = "w2s_generations_running"
REFUSED = 'w2s_http_requests_total{path="/v1/chat/completions",status="429"}'

_stack = contextlib.ExitStack()
served: ServerProcess  # everything, and no key
narrow: ServerProcess  # two answers at once, no queue, no embedding model, a key, small bodies
client: OpenAI
narrow_client: OpenAI


def setUpModule() -> None:
    global served, narrow, client, narrow_client
    folder = Path(_stack.enter_context(tempfile.TemporaryDirectory()))
    subprocess.run([os.environ["W2S_SERVE_EXAMPLE"], folder], check=True)
    command = [os.environ["W2S"], "serve", "-m", folder / "model.gguf", "--port", "0", "-t", "1", "-c", str(CONTEXT)]
    steering = ["--steer", f"positive={folder}/results/warm", "--steer", f"open={folder}/results/open"]
    steering += ["--steer", f"calm={folder}/calm.gguf"]
    served = _stack.enter_context(
        ServerProcess(
            [*command, *steering, "--embedding-model", folder / "embedder.gguf", "-np", "8"], folder / "served.log"
        )
    )
    limits = ["-np", "2", "--max-queue", "0", "--max-body", "1", "--api-key", KEY]
    narrow = _stack.enter_context(ServerProcess([*command, *limits], folder / "narrow.log"))
    client = _stack.enter_context(OpenAI(base_url=f"{served.url}/v1", api_key="none"))
    narrow_client = _stack.enter_context(OpenAI(base_url=f"{narrow.url}/v1", api_key=KEY))


def tearDownModule() -> None:
    _stack.close()


def greedy(**further: Any) -> dict[str, Any]:
    return {"model": "model", "messages": QUESTION, "temperature": 0, "max_tokens": 24, **further}


def endless() -> dict[str, Any]:
    """An answer that is not over soon, and leaves room for another."""
    return greedy(max_tokens=CONTEXT // 2 - 256, logit_bias={END_OF_ANSWER: -100}, stream=True)


def steered(*vectors: dict[str, Any]) -> dict[str, Any]:
    return {"steering": {"vectors": list(vectors)}}


def chat_text(**request: Any) -> str:
    return str(client.chat.completions.create(**greedy(**request)).choices[0].message.content)


class Models(unittest.TestCase):
    def test_are_listed_and_retrieved(self) -> None:
        names = [model.id for model in client.models.list()]
        self.assertEqual(len(names), 2)
        self.assertIn("model", names)
        model = client.models.retrieve("model")
        self.assertEqual((model.id, model.object), ("model", "model"))
        self.assertGreater(model.created, 0)
        self.assertEqual([model.id for model in narrow_client.models.list()], ["model"])


class ChatCompletions(unittest.TestCase):
    def test_are_the_same_whole_and_streamed(self) -> None:
        whole = client.chat.completions.create(**greedy())
        pieces = list(client.chat.completions.create(**greedy(stream=True)))
        text = "".join(piece.choices[0].delta.content or "" for piece in pieces)
        self.assertEqual(text, whole.choices[0].message.content)
        self.assertNotEqual(text, "")
        self.assertEqual(pieces[0].choices[0].delta.role, "assistant")
        self.assertEqual({piece.id for piece in pieces}, {pieces[0].id})
        self.assertEqual(pieces[-1].choices[0].finish_reason, whole.choices[0].finish_reason)
        self.assertTrue(all(piece.choices[0].finish_reason is None for piece in pieces[:-1]))
        self.assertEqual(whole.choices[0].message.role, "assistant")
        self.assertEqual((whole.object, pieces[0].object), ("chat.completion", "chat.completion.chunk"))
        self.assertTrue(whole._request_id)

    def test_are_put_together_by_the_clients_own_helper(self) -> None:
        text = chat_text(logit_bias={END_OF_ANSWER: -100})
        # What ends at its length is an error of that helper's.
        request = greedy(stop=text[-1], logprobs=True, top_logprobs=1, logit_bias={END_OF_ANSWER: -100})
        whole = client.chat.completions.create(**request)
        with client.chat.completions.stream(**request) as stream:
            kinds = {event.type for event in stream}
            final = stream.get_final_completion()
        self.assertLessEqual({"chunk", "content.delta", "content.done", "logprobs.content.delta"}, kinds)
        self.assertEqual(final.choices[0].message.content, whole.choices[0].message.content)
        for one, other in zip(final.choices[0].logprobs.content, whole.choices[0].logprobs.content, strict=True):
            self.assertEqual(one.token, other.token)
            self.assertAlmostEqual(one.logprob, other.logprob, places=4)

    def test_say_what_they_used(self) -> None:
        usage = client.chat.completions.create(**greedy(logit_bias={END_OF_ANSWER: -100})).usage
        self.assertEqual(usage.completion_tokens, 24)
        self.assertGreater(usage.prompt_tokens, len(QUESTION[0]["content"]))
        self.assertEqual(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)
        request = greedy(stream=True, stream_options={"include_usage": True}, logit_bias={END_OF_ANSWER: -100})
        *pieces, last = client.chat.completions.create(**request)
        self.assertTrue(all(piece.usage is None for piece in pieces))
        self.assertEqual(last.choices, [])
        self.assertEqual(last.usage.completion_tokens, usage.completion_tokens)
        self.assertEqual(last.usage.prompt_tokens, usage.prompt_tokens)
        self.assertEqual(last.usage.prompt_tokens_details.cached_tokens, usage.prompt_tokens - 1)

    def test_are_as_many_as_asked_for_and_the_same_for_the_same_seed(self) -> None:
        def texts(seed: int) -> list[str]:
            answer = client.chat.completions.create(**greedy(n=3, temperature=1.5, seed=seed))
            self.assertEqual([choice.index for choice in answer.choices], [0, 1, 2])
            return [choice.message.content for choice in answer.choices]

        first = texts(1)
        self.assertEqual(len(set(first)), 3)
        self.assertEqual(texts(1), first)
        self.assertNotEqual(texts(2), first)
        streamed = ["", "", ""]
        for piece in client.chat.completions.create(**greedy(n=3, temperature=1.5, seed=1, stream=True)):
            streamed[piece.choices[0].index] += piece.choices[0].delta.content or ""
        self.assertEqual(streamed, first)

    def test_end_in_front_of_stop_strings(self) -> None:
        text = chat_text(logit_bias={END_OF_ANSWER: -100})
        middle = text[len(text) // 2]
        for stop in (middle, ["not there", middle]):
            answer = client.chat.completions.create(**greedy(stop=stop, logit_bias={END_OF_ANSWER: -100}))
            self.assertEqual(answer.choices[0].message.content, text[: text.index(middle)])
            self.assertEqual(answer.choices[0].finish_reason, "stop")
        answer = client.chat.completions.create(**greedy(logit_bias={END_OF_ANSWER: -100}))
        self.assertEqual(answer.choices[0].finish_reason, "length")

    def test_have_log_probabilities(self) -> None:
        request = greedy(logprobs=True, top_logprobs=3, logit_bias={END_OF_ANSWER: -100})
        choice = client.chat.completions.create(**request).choices[0]
        self.assertEqual(len(choice.logprobs.content), 24)
        for token in choice.logprobs.content:
            self.assertEqual(len(token.top_logprobs), 3)
            self.assertEqual(token.top_logprobs[0].bytes, token.bytes)
            self.assertEqual(token.top_logprobs[0].logprob, token.logprob)
            self.assertLessEqual(sum(math.exp(one.logprob) for one in token.top_logprobs), 1)
        said = bytes(byte for token in choice.logprobs.content for byte in token.bytes)
        self.assertEqual(said.decode(errors="replace"), choice.message.content)
        self.assertIsNone(client.chat.completions.create(**greedy()).choices[0].logprobs)

    def test_read_content_in_parts_and_system_prompts(self) -> None:
        parts = [{"role": "user", "content": [{"type": "text", "text": QUESTION[0]["content"]}]}]
        self.assertEqual(chat_text(messages=parts), chat_text())
        system = {"role": "system", "content": "Be brief."}
        self.assertNotEqual(chat_text(messages=[system, *QUESTION]), chat_text())
        developer = {"role": "developer", "content": "Be brief."}
        self.assertEqual(chat_text(messages=[developer, *QUESTION]), chat_text(messages=[system, *QUESTION]))


class Completions(unittest.TestCase):
    def request(self, **further: Any) -> dict[str, Any]:
        request = {"model": "model", "prompt": "Once upon a time", "temperature": 0, "max_tokens": 16}
        return {**request, "logit_bias": {END_OF_ANSWER: -100}, **further}

    def test_are_the_same_whole_and_streamed(self) -> None:
        whole = client.completions.create(**self.request())
        pieces = list(client.completions.create(**self.request(stream=True)))
        self.assertEqual("".join(piece.choices[0].text for piece in pieces), whole.choices[0].text)
        self.assertEqual(whole.object, "text_completion")
        self.assertEqual(whole.usage.completion_tokens, 16)
        self.assertEqual(whole.choices[0].finish_reason, "length")

    def test_go_on_with_each_of_several_prompts(self) -> None:
        prompts = ["Once upon a time", "In the end"]
        choices = client.completions.create(**self.request(prompt=prompts, n=2, temperature=1, seed=3)).choices
        self.assertEqual([choice.index for choice in choices], [0, 1, 2, 3])
        for at, prompt in enumerate(prompts):
            alone = client.completions.create(**self.request(prompt=prompt))
            both = client.completions.create(**self.request(prompt=prompts))
            self.assertEqual(both.choices[at].text, alone.choices[0].text)

    def test_have_log_probabilities(self) -> None:
        scores = client.completions.create(**self.request(logprobs=2)).choices[0].logprobs
        self.assertEqual(len(scores.tokens), 16)
        for token, log_probability, likely in zip(scores.tokens, scores.token_logprobs, scores.top_logprobs):
            self.assertEqual(max(likely.values()), log_probability)
            self.assertIn(token, likely)


class Embeddings(unittest.TestCase):
    def test_are_the_same_in_both_encodings(self) -> None:
        name = next(model.id for model in client.models.list() if model.id != "model")
        texts = ["it is raining", "a cat"]
        by_default = client.embeddings.create(model=name, input=texts)  # the client asks for base64
        as_numbers = client.embeddings.create(model=name, input=texts, encoding_format="float")
        self.assertEqual([one.index for one in by_default.data], [0, 1])
        for packed, plain in zip(by_default.data, as_numbers.data):
            self.assertEqual(len(packed.embedding), len(plain.embedding))
            for one, other in zip(packed.embedding, plain.embedding):
                self.assertAlmostEqual(one, other, places=6)
        self.assertNotEqual(by_default.data[0].embedding, by_default.data[1].embedding)

    def test_are_not_found_without_an_embedding_model(self) -> None:
        with self.assertRaises(openai.NotFoundError) as raised:
            narrow_client.embeddings.create(model="any", input="it is raining")
        self.assertEqual(raised.exception.code, "model_not_found")


class Steering(unittest.TestCase):
    def test_is_echoed_by_whole_answers_and_by_streams(self) -> None:
        body = steered({"name": "positive", "scale": 1.5, "layer": "auto"})
        whole = client.chat.completions.create(**greedy(extra_body=body))
        (applied,) = whole.steering["applied"]
        self.assertEqual((applied["name"], applied["scale"]), ("positive", 1.5))
        self.assertIn(applied["layer"], range(4))
        self.assertTrue(0 < applied["confidence"] <= 1)
        (predicted,) = whole.model_extra["steering"]["predicted"]
        self.assertAlmostEqual(sum(predicted["probabilities"]), 1, places=5)
        most_likely = max(range(4), key=lambda at: predicted["probabilities"][at])
        self.assertEqual(applied["layer"], predicted["layers"][most_likely])

        pieces = list(client.chat.completions.create(**greedy(extra_body=body, stream=True)))
        echoed = pieces[0].steering
        # What else the decoder holds is not the same for both prompts: the same numbers but for rounding.
        of_stream = echoed["predicted"][0].pop("probabilities")
        for one, other in zip(of_stream, predicted.pop("probabilities"), strict=True):
            self.assertAlmostEqual(one, other, places=5)
        self.assertAlmostEqual(echoed["applied"][0].pop("confidence"), applied.pop("confidence"), places=5)
        self.assertEqual(echoed, whole.steering)
        text = "".join(piece.choices[0].delta.content or "" for piece in pieces)
        self.assertEqual(text, whole.choices[0].message.content)
        self.assertNotEqual(text, chat_text())
        self.assertNotIn("steering", client.chat.completions.create(**greedy()).model_extra)

    def test_of_scale_zero_changes_nothing(self) -> None:
        plain = chat_text()
        for layer in ("auto", "auto:2", 2, [0, 1, 2, 3]):
            body = steered({"name": "positive", "scale": 0, "layer": layer})
            self.assertEqual(chat_text(extra_body=body), plain, layer)

    def test_is_at_the_layers_that_are_named(self) -> None:
        texts = {chat_text()}
        for layer in range(4):
            body = steered({"name": "calm", "scale": 3, "layer": layer})
            answer = client.chat.completions.create(**greedy(extra_body=body))
            self.assertEqual([one["layer"] for one in answer.steering["applied"]], [layer])
            self.assertIsNone(answer.steering["applied"][0]["confidence"])
            texts.add(answer.choices[0].message.content)
        self.assertEqual(len(texts), 5)

    def test_shares_its_scale_among_layers(self) -> None:
        body = steered(
            {"name": "positive", "scale": 3, "layer": "auto:2"}, {"name": "calm", "scale": -2, "layer": [0, 3]}
        )
        applied = client.chat.completions.create(**greedy(extra_body=body)).steering["applied"]
        positive = [one for one in applied if one["name"] == "positive"]
        self.assertEqual(len(positive), 2)
        self.assertAlmostEqual(sum(one["scale"] for one in positive), 3, places=5)
        self.assertEqual(
            [(one["layer"], one["scale"]) for one in applied if one["name"] == "calm"], [(0, -1.0), (3, -1.0)]
        )

    def test_is_for_text_completions_too(self) -> None:
        request = {"model": "model", "prompt": ["One", "Another"], "temperature": 0, "max_tokens": 8}
        answer = client.completions.create(**request, extra_body=steered({"name": "positive", "scale": 2}))
        self.assertTrue(all(len(choice.steering["applied"]) == 1 for choice in answer.choices))


class Errors(unittest.TestCase):
    def refused(self, kind: type[openai.APIStatusError], **request: Any) -> openai.APIStatusError:
        with self.assertRaises(kind) as raised:
            client.chat.completions.create(**greedy(**request))
        error = raised.exception
        self.assertEqual(set(error.body), {"message", "type", "param", "code"})
        self.assertEqual((error.body["param"], error.body["code"]), (error.param, error.code))
        self.assertEqual(error.request_id, error.response.headers["x-request-id"])
        return error

    def test_of_a_bad_field_name_it(self) -> None:
        error = self.refused(openai.BadRequestError, temperature=7)
        self.assertEqual((error.param, error.type, error.status_code), ("temperature", "invalid_request_error", 400))
        self.assertEqual(self.refused(openai.BadRequestError, messages=[]).param, "messages")
        self.assertEqual(self.refused(openai.BadRequestError, n=17).param, "n")

    def test_of_what_is_not_supported_say_so(self) -> None:
        tool = {"type": "function", "function": {"name": "cook"}}
        error = self.refused(openai.BadRequestError, tools=[tool])
        self.assertEqual((error.param, error.code), ("tools", "unsupported_parameter"))
        error = self.refused(openai.BadRequestError, response_format={"type": "json_object"})
        self.assertEqual((error.param, error.code), ("response_format", "unsupported_parameter"))

    def test_of_a_long_prompt_have_openais_code(self) -> None:
        long = [{"role": "user", "content": "a" * (CONTEXT + 1)}]
        self.assertEqual(self.refused(openai.BadRequestError, messages=long).code, "context_length_exceeded")

    def test_of_steering_name_the_field(self) -> None:
        def param(kind: type[openai.APIStatusError], *vectors: dict[str, Any]) -> str | None:
            return self.refused(kind, extra_body=steered(*vectors)).param

        bad = openai.BadRequestError
        good = {"name": "positive", "scale": 1}
        self.assertEqual(param(bad, good, {"name": "calm", "layer": 4}), "steering.vectors[1].layer")
        self.assertEqual(param(bad, {"name": "calm", "layer": "auto"}), "steering.vectors[0].layer")
        self.assertEqual(param(bad, {"name": "positive", "layer": "top"}), "steering.vectors[0].layer")
        self.assertEqual(param(bad, {"name": "positive", "scale": "much"}), "steering.vectors[0].scale")
        self.assertEqual(param(bad, {"name": "positive", "strength": 1}), "steering.vectors[0]")
        self.assertEqual(param(bad, good, good), "steering.vectors[1].name")
        error = self.refused(openai.NotFoundError, extra_body=steered({"name": "cheerful"}))
        self.assertEqual((error.param, error.code), ("steering.vectors[0].name", "steering_vector_not_found"))

    def test_of_unknown_models_and_paths_are_not_found(self) -> None:
        self.assertEqual(self.refused(openai.NotFoundError, model="large").code, "model_not_found")
        with self.assertRaises(openai.NotFoundError) as raised:
            client.models.retrieve("large")
        self.assertEqual(raised.exception.code, "model_not_found")
        with self.assertRaises(openai.NotFoundError) as raised:
            client.images.generate(prompt="a soup")
        self.assertEqual(raised.exception.code, "unknown_url")

    def test_of_keys_are_of_authentication(self) -> None:
        for key in ("another", KEY[:-1]):
            with self.assertRaises(openai.AuthenticationError) as raised:
                narrow_client.with_options(api_key=key).models.list()
            self.assertEqual(raised.exception.code, "invalid_api_key")

    def test_of_large_bodies_and_other_media_types_have_their_status(self) -> None:
        def status(**request: Any) -> int:
            with self.assertRaises(openai.APIStatusError) as raised:
                narrow_client.chat.completions.create(**greedy(**request))
            self.assertEqual(raised.exception.body["type"], "invalid_request_error")
            return raised.exception.status_code

        self.assertEqual(status(messages=[{"role": "user", "content": "a" * (1 << 21)}]), 413)
        self.assertEqual(status(extra_headers={"Content-Type": "text/plain"}), 415)
        with self.assertRaises(openai.APIStatusError) as raised:
            narrow_client.post("/models", cast_to=object, body={})
        self.assertEqual(raised.exception.status_code, 405)


class Limits(unittest.TestCase):
    def setUp(self) -> None:
        self.assertTrue(eventually(self.is_idle))

    def is_idle(self) -> bool:
        return narrow.metric(RUNNING, KEY) == 0

    def left(self) -> int:
        """Answers that the server gave up, because nobody waited for them."""
        return narrow.log_text().count('"client_gone"')

    def occupy(self, stack: contextlib.ExitStack) -> None:
        """Takes both places."""
        for _ in range(2):
            stream = stack.enter_context(narrow_client.chat.completions.create(**endless()))
            next(stream)

    def test_refuse_what_there_is_no_room_for(self) -> None:
        with contextlib.ExitStack() as stack:
            self.occupy(stack)
            with self.assertRaises(openai.RateLimitError) as raised:
                narrow_client.with_options(max_retries=0).chat.completions.create(**greedy())
        self.assertEqual((raised.exception.type, raised.exception.code), ("rate_limit_error", "rate_limit_exceeded"))
        self.assertEqual(raised.exception.response.headers["retry-after"], "1")

    def test_are_waited_for_by_the_client(self) -> None:
        refused_before = narrow.metric(REFUSED, KEY)
        responses = []
        with contextlib.ExitStack() as stack:
            self.occupy(stack)
            ask = narrow_client.with_options(max_retries=10).chat.completions.with_raw_response.create
            thread = threading.Thread(target=lambda: responses.append(ask(**greedy())))
            thread.start()
            self.assertTrue(eventually(lambda: narrow.metric(REFUSED, KEY) > refused_before))
        thread.join()
        self.assertGreater(responses[0].retries_taken, 0)
        self.assertEqual(responses[0].parse().choices[0].message.content, chat_text())

    def test_count_no_stream_that_was_closed(self) -> None:
        for _ in range(3):
            left_before = self.left()
            with contextlib.ExitStack() as stack:
                self.occupy(stack)
                self.assertTrue(eventually(lambda: narrow.metric(RUNNING, KEY) == 2))
            self.assertTrue(eventually(self.is_idle))
            self.assertTrue(eventually(lambda: self.left() == left_before + 2))

    def test_count_no_answer_that_was_not_waited_for(self) -> None:
        left_before = self.left()
        impatient = narrow_client.with_options(timeout=1, max_retries=0)
        with self.assertRaises(openai.APITimeoutError):
            impatient.chat.completions.create(**{**endless(), "stream": False})
        self.assertTrue(eventually(lambda: self.left() > left_before))
        self.assertTrue(eventually(self.is_idle))


class ManyAtOnce(unittest.TestCase):
    def requests(self) -> list[dict[str, Any]]:
        requests = []
        for i in range(16):
            question = [{"role": "user", "content": f"Question {i % 5}?"}]
            request = greedy(messages=question, max_tokens=12 + i)
            if i % 3:
                request["extra_body"] = steered({"name": ("positive", "open")[i % 2], "scale": i - 8})
            requests.append(request)
        return requests

    def test_get_what_each_gets_alone(self) -> None:
        async def text(asynchronous: AsyncOpenAI, at: int, request: dict[str, Any]) -> str:
            if at % 2 == 0:
                return (await asynchronous.chat.completions.create(**request)).choices[0].message.content or ""
            stream = await asynchronous.chat.completions.create(**request, stream=True)
            return "".join([piece.choices[0].delta.content or "" async for piece in stream])

        async def all_texts() -> list[str]:
            async with AsyncOpenAI(base_url=f"{served.url}/v1", api_key="none") as asynchronous:
                tasks = [text(asynchronous, at, request) for at, request in enumerate(self.requests())]
                return list(await asyncio.gather(*tasks))

        alone = [chat_text(**request) for request in self.requests()]
        self.assertGreater(len(set(alone)), 8)
        self.assertEqual(asyncio.run(all_texts()), alone)


class Documentation(unittest.TestCase):
    def test_shows_what_works(self) -> None:
        text = (Path(__file__).parents[2] / "docs" / "server.md").read_text()
        (example,) = re.findall(r"(?:^    from openai import OpenAI\n)(?:(?:    .*)?\n)+", text, re.MULTILINE)
        program = re.sub(r"^    ", "", example, flags=re.MULTILINE)
        self.assertIn("http://127.0.0.1:8080", program)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(program.replace("http://127.0.0.1:8080", served.url), "docs/server.md", "exec"), {})
        answer = client.chat.completions.create(
            model="model", messages=QUESTION, temperature=0, extra_body=steered({"name": "positive", "scale": 1.5})
        )
        (applied,) = answer.steering["applied"]
        expected = f"positive: layer {applied['layer']}, confidence {applied['confidence']:.2f}\n"
        self.assertTrue(printed.getvalue().endswith(expected), printed.getvalue())


if __name__ == "__main__":
    unittest.main()
