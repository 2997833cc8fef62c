"""The sweep's plan of least arithmetic, written for PyTorch as fast as we know how."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from grid import Grid, Sample


@dataclass(frozen=True)
class Layer:
    """Weights of a layer of the Llama family; those with the same input in one matrix."""

    attention_norm: Tensor
    query: Tensor
    key_value: Tensor
    output: Tensor
    mlp_norm: Tensor
    gate_up: Tensor
    down: Tensor

    @classmethod
    def of(cls, layer: Any) -> "Layer":
        attention, mlp = layer.self_attn, layer.mlp
        return cls(
            attention_norm=layer.input_layernorm.weight,
            query=attention.q_proj.weight,
            key_value=torch.cat([attention.k_proj.weight, attention.v_proj.weight]),
            output=attention.o_proj.weight.t(),
            mlp_norm=layer.post_attention_layernorm.weight,
            gate_up=torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight]),
            down=mlp.down_proj.weight.t(),
        )


class TunedMinimal:
    """Rows born at their own layer, with everything done about it that we could think of.

    Prompts and rows of several samples are one batch. A row attends to its prompt by a flash kernel without a copy of
    keys or values, and is joined with its own key by what the kernel tells of its softmax. Positions count from the
    steered token, so that a steered row needs no rotation. Each thread has samples of its own."""

    @torch.inference_mode()
    def __init__(self, model: Any, grid: Grid, threads: int, together: int) -> None:
        config = model.config
        self.grid = grid
        self.threads = threads
        self.together = together
        self.layers = [Layer.of(layer) for layer in model.model.layers]
        self.embeddings = model.model.embed_tokens.weight
        self.norm = model.model.norm.weight
        self.head = model.lm_head.weight
        self.epsilon = config.rms_norm_eps
        self.heads = config.num_attention_heads
        self.key_heads = config.num_key_value_heads
        self.head_width = config.head_dim
        self.frequencies = model.model.rotary_emb.inv_freq
        if grid.prefix == 0:
            raise ValueError("the prompts must begin with the same token at least")
        self.prefix = self.prefix_keys_values(grid.samples[0].prompt[: grid.prefix])

    def rotation(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        angles = (positions[..., None] * self.frequencies).repeat(*[1] * positions.dim(), 2)[..., None, :]
        return angles.cos(), angles.sin()

    def rotated(self, values: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
        first, second = values.chunk(2, dim=-1)
        return values * rotation[0] + torch.cat([-second, first], dim=-1) * rotation[1]

    def normed(self, x: Tensor, weight: Tensor) -> Tensor:
        return F.rms_norm(x, weight.shape, weight, self.epsilon)

    def after_attention(self, layer: Layer, x: Tensor, attended: Tensor) -> Tensor:
        shape = x.shape
        x = torch.addmm(x.flatten(0, -2), attended.reshape(-1, layer.output.shape[0]), layer.output)
        gate, up = F.linear(self.normed(x, layer.mlp_norm), layer.gate_up).chunk(2, dim=-1)
        return torch.addmm(x, F.silu(gate).mul_(up), layer.down).view(shape)

    def queries_keys_values(self, layer: Layer, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Not rotated, [samples, rows, heads, head width]."""
        h = self.normed(x, layer.attention_norm)
        queries = F.linear(h, layer.query).unflatten(-1, (self.heads, -1))
        keys, values = F.linear(h, layer.key_value).unflatten(-1, (2 * self.key_heads, -1)).chunk(2, dim=2)
        return queries, keys, values

    @property
    def group(self) -> int:
        return self.heads // self.key_heads

    def prefix_keys_values(self, tokens: list[int]) -> list[tuple[Tensor, Tensor]]:
        x = self.embeddings[tokens][None]
        rotation = self.rotation(torch.arange(len(tokens)))
        kept = []
        for layer in self.layers:
            queries, keys, values = self.queries_keys_values(layer, x)
            kept.append((keys, values))
            attended = F.scaled_dot_product_attention(
                self.rotated(queries, rotation).transpose(1, 2),
                self.rotated(keys, rotation).transpose(1, 2),
                values.transpose(1, 2),
                is_causal=True,
                enable_gqa=True,
            )
            x = self.after_attention(layer, x, attended.transpose(1, 2))
        return kept

    def attended(
        self,
        queries: Tensor,
        keys: Tensor,
        values: Tensor,
        own_keys: Tensor,
        own_values: Tensor,
        rotation: tuple[Tensor, Tensor],
        mask: Tensor,
    ) -> Tensor:
        """Of each row: to the keys that the mask shows it, and to its own."""
        own = (queries.unflatten(2, (self.key_heads, -1)) * own_keys[:, :, :, None]).sum(-1).flatten(2)
        tokens = rotation[0].shape[0]
        queries[:, :tokens] = self.rotated(queries[:, :tokens], rotation)
        attended, log_sum = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
            queries.transpose(1, 2), keys.transpose(1, 2), values.transpose(1, 2), attn_mask=mask
        )
        weight = torch.sigmoid(own / math.sqrt(self.head_width) - log_sum.transpose(1, 2))
        return torch.lerp(attended.transpose(1, 2), own_values.repeat_interleave(self.group, 2), weight[..., None])

    def mask(self, lengths: Tensor) -> Tensor:
        """What the prompts' own tokens and, after them, the steered rows see of the keys before the steered token's:
        [samples, 1, rows, keys]. Prompts are filled up on the left."""
        longest = int(lengths.max())
        rows = longest + (self.grid.layers - 1) * len(self.grid.strengths)
        keys = torch.arange(longest - 1)
        sees = torch.ones(len(lengths), rows, self.grid.prefix + longest - 1, dtype=torch.bool)
        sees[:, :longest, self.grid.prefix :] = keys < torch.arange(longest)[:, None]
        sees[:, :, self.grid.prefix :] &= (keys >= longest - lengths[:, None])[:, None]
        return torch.zeros(sees.shape).masked_fill_(~sees, -math.inf)[:, None]

    def sweep_together(self, samples: list[Sample]) -> Tensor:
        """[samples, 1 + layers * strengths], the unsteered row first."""
        grid = self.grid
        lengths = torch.tensor([len(sample.prompt) - grid.prefix for sample in samples])
        longest = int(lengths.max())
        tokens = torch.tensor([[0] * (longest - int(n)) + s.prompt[grid.prefix :] for s, n in zip(samples, lengths)])
        own = torch.arange(longest) - (longest - 1)
        before = torch.arange(grid.prefix) - (grid.prefix + lengths[:, None] - 1)
        query_rotation = self.rotation(own)
        key_rotation = self.rotation(torch.cat([before, own[:-1].expand(len(samples), -1)], dim=1))
        mask = self.mask(lengths)

        x = self.embeddings[tokens]
        for layer, (prefix_keys, prefix_values), vector in zip(self.layers, self.prefix, grid.vectors):
            queries, own_keys, own_values = self.queries_keys_values(layer, x)
            shared = (len(samples), -1, -1, -1)
            keys = torch.cat([prefix_keys.expand(shared), own_keys[:, : longest - 1]], dim=1)
            values = torch.cat([prefix_values.expand(shared), own_values[:, : longest - 1]], dim=1)
            keys = self.rotated(keys, key_rotation).repeat_interleave(self.group, 2)
            values = values.repeat_interleave(self.group, 2)
            attended = self.attended(
                queries, keys, values, own_keys, own_values, query_rotation, mask[:, :, : x.shape[1]]
            )
            x = self.after_attention(layer, x, attended)
            born = x[:, longest - 1 : longest] + grid.strengths[:, None] * vector
            x = torch.cat([x, born], dim=1)

        answers = self.head[torch.tensor([[sample.chosen, sample.rejected] for sample in samples])]
        logits = self.normed(x[:, longest - 1 :], self.norm) @ answers.transpose(1, 2)
        return logits[..., 0] - logits[..., 1]

    def sweep(self) -> Tensor:
        samples = self.grid.samples
        order = sorted(range(len(samples)), key=lambda i: len(samples[i].prompt))
        batches = [order[i : i + self.together] for i in range(0, len(order), self.together)]
        found = torch.empty(len(samples), 1 + self.grid.layers * len(self.grid.strengths))

        def run(batch: list[int]) -> None:
            with torch.inference_mode():
                found[batch] = self.sweep_together([samples[i] for i in batch])

        with ThreadPoolExecutor(self.threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            list(pool.map(run, batches))
        return self.grid.propensities(found)
