"""The one training loop: schedule, clipping, averaging, saving and resuming are the same for every stage.

A stage says what a step sees (`batches`), what it costs (`loss`) and what may change (`groups`); the loop does the rest.
It writes RUN/<name>.state after every epoch, and a run that goes on from there ends with the weights of one that was
never stopped.
"""

import copy
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from .rows import BadData

LONGEST_STEP = 1.0  # gradients of the first group are clipped to this length
DECAY = 0.98  # of the averaged weights
WARM_UP = 40  # steps, but at most a tenth of all


@dataclass(frozen=True)
class Stage:
    """A stage's name, length and place."""

    name: str  # of the state file and in the history
    epochs: int
    seed: int
    out: Path  # the run's folder
    resume: bool = False
    pace: float = 1.0  # factor on the learning rates: below one when a finished model is trained further


class Average:
    """Exponential moving average of the weights."""

    def __init__(self, model, decay: float = DECAY):
        self.model, self.decay = copy.deepcopy(model).eval(), decay

    @torch.no_grad()
    def update(self, model, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        for mine, theirs in zip(self.model.state_dict().values(), model.state_dict().values(), strict=True):
            if mine.dtype.is_floating_point:
                mine.lerp_(theirs, 1 - decay)
            else:
                mine.copy_(theirs)


def save(content, file: Path) -> None:
    """torch.save that an interruption cannot leave half written."""
    part = file.with_suffix(file.suffix + ".part")
    torch.save(content, part)
    os.replace(part, file)


class Loop:
    """A stage under way: the model, its average, the optimiser, the random numbers and the step."""

    def __init__(self, stage: Stage, model, groups: list, total: int):
        """groups: [{"params", "lr", "weight_decay"}, ..]; everything else of the model stands still."""
        self.stage, self.model, self.total, self.step = stage, model, total, 0
        for p in model.parameters():
            p.requires_grad_(False)
        for group in groups:
            group["params"] = list(group["params"])
            for p in group["params"]:
                p.requires_grad_(True)
        self.optimiser, self.average = torch.optim.AdamW(groups), Average(model)
        self.base = [group["lr"] * stage.pace for group in self.optimiser.param_groups]
        self.rng = np.random.default_rng(stage.seed)
        self.file = stage.out / f"{stage.name}.state"

    def advance(self, loss) -> None:
        """One step down the gradient of `loss`: warm-up, then a cosine to a hundredth."""
        warm_up = max(1, min(WARM_UP, self.total // 10))
        factor = min(1, (self.step + 1) / warm_up) * 0.5 * (1 + math.cos(math.pi * self.step / self.total)) + 0.01
        for group, lr in zip(self.optimiser.param_groups, self.base, strict=True):
            group["lr"] = lr * factor
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.optimiser.param_groups[0]["params"], LONGEST_STEP)
        self.optimiser.step()
        self.step += 1
        self.average.update(self.model, self.step)

    def save(self) -> None:
        state = {"step": self.step, "total": self.total, "rng": self.rng.bit_generator.state}
        state |= {"model": self.model.state_dict(), "average": self.average.model.state_dict()}
        save(state | {"optimiser": self.optimiser.state_dict(), "torch_rng": torch.get_rng_state()}, self.file)

    def restore(self) -> None:
        """Goes on where the state file stands, if there is one."""
        if not self.file.exists():
            return
        state = torch.load(self.file, weights_only=True)
        if state["total"] != self.total:
            raise BadData(f"{self.file}: a stage of {state['total']} steps, not {self.total}; choose another --out")
        self.model.load_state_dict(state["model"])
        self.average.model.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.rng.bit_generator.state, self.step = state["rng"], state["step"]
        torch.set_rng_state(state["torch_rng"])


def train(stage: Stage, model, groups: list, batches, loss, report=print, look=None, active=None):
    """Trains `model` and returns its averaged weights as a model.

    batches: `steps` an epoch, and `epoch(rng)`, which yields them; loss(batch, rng) -> (scalar, {name: part});
    look(model) -> figures, every third epoch and at the end; active: the modules in training mode (default: all).
    """
    loop, begun = Loop(stage, model, groups, stage.epochs * batches.steps), time.time()
    if stage.resume:
        loop.restore()
    for epoch in range(loop.step // batches.steps, stage.epochs):
        model.eval()
        for module in active or [model]:
            module.train()
        sums = {}
        for batch in batches.epoch(loop.rng):
            value, parts = loss(batch, loop.rng)
            loop.advance(value)
            for name, part in parts.items():
                sums[name] = sums.get(name, 0.0) + float(part.detach()) / batches.steps
        loop.save()
        line = {"stage": stage.name, "epoch": epoch + 1, "seconds": round(time.time() - begun)}
        line["loss"] = {name: round(value, 3) for name, value in sums.items()}
        if look and (epoch % 3 == 2 or epoch + 1 == stage.epochs):
            line |= look(loop.average.model)
        report(line)
    return loop.average.model
