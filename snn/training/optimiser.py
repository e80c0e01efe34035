"""Optimisers and learning rates: torch's fused optimisers, with their state as named tensors.

A learning rate depends only on the number of the update, so a resumed training has no schedule to restore.
"""

import copy
import inspect
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from snn.config import LrScale, Training
from snn.model.network import Network

OPTIMISERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def build(student: Network, training: Training) -> torch.optim.Optimizer:
    """The optimiser of a recipe; `scale` of a group of parameters is its factor on the learning rate."""
    momentum = {"momentum": training.momentum} if training.optimiser == "sgd" else {}
    return OPTIMISERS[training.optimiser](
        _groups(student, training.lr_scale), lr=training.lr, weight_decay=training.weight_decay, fused=True, **momentum
    )


def _groups(student: Network, scales: LrScale) -> list[dict[str, Any]]:
    """One group if all factors are 1, else one per parameter, in the order of the student's parameters."""
    if {scales.conv, scales.linear, scales.readout} == {1}:
        return [{"params": list(student.parameters()), "scale": 1.0}]
    readout = {id(parameter) for parameter in student.layers[-1].op.parameters()}
    groups = []
    for module in student.modules():
        kind = "conv" if isinstance(module, nn.Conv2d) else "linear" if isinstance(module, nn.Linear) else None
        for parameter in module.parameters(recurse=False):
            scale = getattr(scales, "readout" if id(parameter) in readout else kind) if kind else 1.0
            groups.append({"params": [parameter], "scale": scale})
    return groups


@torch.no_grad()
def step(optimiser: torch.optim.Optimizer, lr: float) -> None:
    """One update at this learning rate."""
    for group in optimiser.param_groups:
        group["lr"] = lr * group["scale"]
    # the plain method: its wrapper imports the unused compiler, which takes 1.2 CPU-seconds in every job
    inspect.unwrap(type(optimiser).step)(optimiser)


def learning_rate(training: Training, update: int, updates_per_epoch: int) -> float:
    """The learning rate of update 0, 1, ...: a linear rise over the warm-up, then the curve of the schedule."""
    schedule, updates = training.schedule, training.epochs * updates_per_epoch
    rise = schedule.warmup * updates
    if update < rise:
        return training.lr * (update + 1) / (math.floor(rise) + 1)
    if schedule.curve == "cosine":
        risen = update - rise
        if schedule.per == "epoch":
            risen = max(risen - update % updates_per_epoch, 0)
        return training.lr * 0.5 * (1 + math.cos(math.pi * risen / (updates - rise)))
    falls = sum(update // updates_per_epoch >= milestone for milestone in schedule.milestones)
    return training.lr * (schedule.factor**falls if schedule.curve == "steps" else 1)


def state(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimiser's state as tensors named <parameter>.<key>."""
    entries = optimiser.state_dict()["state"]
    return {f"{i}.{key}": tensor for i, entry in entries.items() for key, tensor in entry.items() if tensor is not None}


def stepped(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The result of `state` after an update of every parameter: all names, shapes and types that a state may have."""
    trial = copy.deepcopy(optimiser)
    for group in trial.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.zeros_like(parameter)
    step(trial, 0.0)
    return state(trial)


def restore(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Restore the result of `state`, in the memory layout of the parameters, which fused steps require."""
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    entries: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, _, key = name.partition(".")
        like = parameters[int(index)]
        entries.setdefault(int(index), {})[key] = (
            torch.empty_like(like).copy_(tensor) if tensor.shape == like.shape else tensor
        )
    optimiser.load_state_dict({**optimiser.state_dict(), "state": entries})
