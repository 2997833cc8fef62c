"""The sweep with transformers' model and its layers as they are: three ways to write it, each faster than the last."""

import math
import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, DynamicCache

from grid import Grid, Sample


def load_model(gguf: Path) -> Any:
    """With the weights of the file that w2s reads."""
    return AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32).eval()


@contextmanager
def after(layer: torch.nn.Module, use: Callable[[Tensor], None]) -> Iterator[None]:
    """While it lasts, `use` sees, and may change, what leaves the layer: [batch, tokens, width]."""

    def hook(_module: Any, _inputs: Any, output: Any) -> None:
        use(output)

    handle = layer.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


class FullPasses:
    """steering-bench's loop: the whole text of each answer again for every layer and multiplier, with a hook that adds
    the vector, and all logits. Of its passes over one sample, a random part is run and timed."""

    def __init__(self, model: Any, grid: Grid, passes: int) -> None:
        self.model = model
        self.grid = grid
        cells = [(layer, i) for layer in range(grid.layers) for i in range(len(grid.multipliers))]
        self.passes_a_sample = 2 * len(cells)
        self.cells = random.Random(0).sample(cells, min(len(cells), max(1, passes // 2)))

    @torch.inference_mode()
    def logit(self, sample: Sample, answer: int, layer: int, multiplier: Tensor) -> Tensor:
        steered = len(sample.prompt) - 1

        def add(x: Tensor) -> None:
            x[:, steered] += multiplier * self.grid.vectors[layer]

        with after(self.model.model.layers[layer], add):
            return self.model(torch.tensor([[*sample.prompt, answer]]), use_cache=False).logits[0, steered, answer]

    def run(self) -> tuple[float, dict[int, Tensor]]:
        """Seconds a sample, from the mean pass; propensities of the first sample by their place in its map."""
        sample = self.grid.samples[0]
        found = {}
        began = time.perf_counter()
        for layer, i in self.cells:
            multiplier = self.grid.multipliers[i]
            chosen = self.logit(sample, sample.chosen, layer, multiplier)
            rejected = self.logit(sample, sample.rejected, layer, multiplier)
            found[layer * len(self.grid.multipliers) + i] = chosen - rejected
        mean = (time.perf_counter() - began) / (2 * len(self.cells))
        return mean * self.passes_a_sample, found


class SharedPrefix:
    """What the plans below share: prompts begin with keys and values that were computed once, and of the output matrix
    only two columns are needed."""

    def __init__(self, model: Any, grid: Grid) -> None:
        self.model = model
        self.grid = grid
        self.prefix = DynamicCache(config=model.config)
        if grid.prefix > 0:
            with torch.inference_mode():
                model.model(torch.tensor([grid.samples[0].prompt[: grid.prefix]]), past_key_values=self.prefix)

    def prompt_cache(self, sample: Sample, tokens: int) -> DynamicCache:
        """Keys and values of the sample's first tokens."""
        cache = DynamicCache([(layer.keys, layer.values) for layer in self.prefix.layers])
        own = sample.prompt[self.grid.prefix : tokens]
        if own:
            self.model.model(torch.tensor([own]), past_key_values=cache)
        return cache

    def propensity(self, sample: Sample, normed: Tensor) -> Tensor:
        logits = normed @ self.model.lm_head.weight[[sample.chosen, sample.rejected]].t()
        return logits[:, 0] - logits[:, 1]

    def sweep_sample(self, sample: Sample) -> Tensor:
        """[1 + layers * strengths], the unsteered row first."""
        raise NotImplementedError

    def sweep(self) -> Tensor:
        with torch.inference_mode():
            return self.grid.propensities(torch.stack([self.sweep_sample(sample) for sample in self.grid.samples]))


class Rows(SharedPrefix):
    """The prompt once, and its last token as a batch of all rows that share the cache, each through all layers."""

    def sweep_sample(self, sample: Sample) -> Tensor:
        grid, model = self.grid, self.model.model
        count = len(grid.strengths)
        rows = 1 + grid.layers * count
        cache = self.prompt_cache(sample, len(sample.prompt) - 1)
        everyone = (rows, -1, -1, -1)
        shared = DynamicCache([(layer.keys.expand(everyone), layer.values.expand(everyone)) for layer in cache.layers])
        with ExitStack() as hooks:
            for number, layer in enumerate(model.layers):

                def add(x: Tensor, first: int = 1 + number * count, vector: Tensor = grid.vectors[number]) -> None:
                    x[first : first + count, 0] += grid.strengths[:, None] * vector

                hooks.enter_context(after(layer, add))
            last = torch.tensor(sample.prompt[-1:]).expand(rows, 1)
            return self.propensity(sample, model(last, past_key_values=shared).last_hidden_state[:, 0])


class Minimal(SharedPrefix):
    """Rows are born at the layer that they are steered at, as further tokens of one sequence, each of which sees the
    prompt and itself by a mask."""

    def sweep_sample(self, sample: Sample) -> Tensor:
        grid, model = self.grid, self.model.model
        unsteered: list[Tensor] = []
        with ExitStack() as hooks:
            for layer in model.layers:
                hooks.enter_context(after(layer, lambda x: unsteered.append(x[:, -1:].clone())))
            cache = self.prompt_cache(sample, len(sample.prompt))
        before = len(sample.prompt) - 1
        cache.crop(-1)

        most = (grid.layers - 1) * len(grid.strengths)
        mask = torch.full((most, before + most), -math.inf)
        mask[:, :before] = 0
        mask[:, before:].fill_diagonal_(0)
        rotation = model.rotary_emb(unsteered[0], position_ids=torch.full((1, most), before))
        x = torch.empty(1, 0, grid.vectors.shape[1])
        for number, layer in enumerate(model.layers):
            rows = x.shape[1]
            if rows > 0:
                x = layer(
                    x,
                    attention_mask=mask[None, None, :rows, : before + rows],
                    position_embeddings=tuple(part[:, :rows] for part in rotation),
                    past_key_values=cache,
                )
            x = torch.cat([x, unsteered[number] + grid.strengths[:, None] * grid.vectors[number]], dim=1)
        return self.propensity(sample, model.norm(torch.cat([unsteered[-1], x], dim=1))[0])
