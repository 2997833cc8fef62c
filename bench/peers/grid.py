"""What is swept, as `sweep_rounds` tells it."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Sample:
    prompt: list[int]  # up to and including the steered token
    chosen: int
    rejected: int


@dataclass(frozen=True)
class Grid:
    samples: list[Sample]
    prefix: int  # tokens that all prompts begin with
    multipliers: Tensor  # [multipliers]
    vectors: Tensor  # [layers, width]

    @property
    def layers(self) -> int:
        return self.vectors.shape[0]

    @property
    def strengths(self) -> Tensor:
        """The multipliers that steer: one of 0 is the unsteered row, the same at every layer."""
        return self.multipliers[self.multipliers != 0]

    def propensities(self, found: Tensor) -> Tensor:
        """[samples, layers * multipliers], from those of the rows: [samples, 1 + layers * strengths]."""
        unsteered, steered = found[:, :1, None], found[:, 1:].unflatten(1, (self.layers, -1))
        maps = unsteered.repeat(1, self.layers, len(self.multipliers))
        maps[..., self.multipliers != 0] = steered
        return maps.flatten(1)


def read_grid(description: dict[str, Any]) -> Grid:
    return Grid(
        samples=[Sample(**sample) for sample in description["samples"]],
        prefix=description["common_prefix"],
        multipliers=torch.tensor(description["multipliers"]),
        vectors=torch.tensor(description["vectors"]).view(description["layers"], -1),
    )
