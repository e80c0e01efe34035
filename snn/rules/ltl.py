"""LTL: local tandem learning. Every layer imitates target rates from a teacher's activations.

Source: Yang, Wu, Zhang, Chua, Wang, Li, Training spiking neural networks with local tandem learning, NeurIPS 2022.
Target rates are the teacher's activations divided by their percentile. Losses: `snn.model.local_losses`, weighted by
`lam`.
"""

import itertools
from typing import Annotated, Literal

from pydantic import Field, model_validator

from snn.core.lazy import lazy
from snn.core.strict import Count, Model
from snn.model.spec import Neuron, Norm, Readout
from snn.rules import Rule

local_losses = lazy("snn.model.local_losses")
network = lazy("snn.model.network")
losses = lazy("snn.model.losses")


class Options(Model):
    """`mode`: offline or online, as in the paper; end_to_end, the same network with nothing detached and no target
    rates; sequential, offline one layer after the other, each for its share of the epochs. `percentile`: of the
    teacher's activations, corresponds to a spike at every step; taken in each batch or, with `scale` fixed, once in a
    sample of training data. `warm_up`: steps without a loss, online only. `readout`: current_and_spikes as in the
    released offline code. `norm`: ours, by default none. `scale`: batch or fixed, see percentile. `neuron`: of the
    student. `lam`: weight of the local losses.
    """

    neuron: Neuron
    norm: Norm | None = None
    mode: Literal["offline", "online", "end_to_end", "sequential"]
    percentile: Annotated[float, Field(gt=0, le=100)] = 100.0
    scale: Literal["batch", "fixed"] = "batch"
    lam: Annotated[float, Field(gt=0)] = 1.0
    warm_up: Count = 0
    readout: Literal["current", "current_and_spikes"] = "current"

    @model_validator(mode="after")
    def _what_belongs_to_online(self):
        if self.warm_up and self.mode != "online":
            raise ValueError("warm_up belongs to mode online")
        if self.mode == "online" and self.norm:
            raise ValueError("mode online sees one step at a time, so it takes no norm, which spans all steps")
        return self


class Ltl(Rule):
    """L = L_readout + lam sum_l mean((rate_l - target_l)^2), detached between layers; online also between steps."""

    options: Options
    parents = frozenset({"teacher"})
    tasks = frozenset({"classification", "reconstruction"})

    @property
    def teacher_percentile(self):
        return self.options.percentile

    @staticmethod
    def check(options, steps):
        if options.warm_up >= steps:
            raise ValueError(f"warm_up {options.warm_up} leaves none of {steps} steps with a loss")

    def student(self, task, parents, x):
        """Online scores are sum_{t >= warm_up} sum_{k <= t} o[k], hence T - max(t, warm_up) times o[t]."""
        options, readout = self.options, Readout(kind=self.options.readout)
        if options.mode == "online":
            readout = Readout(kind=options.readout, over_steps="running", warm_up=options.warm_up)
        student = network.Network(task.architecture(activation=options.neuron, norm=options.norm, readout=readout))
        if options.scale == "fixed":
            for i, q in enumerate(local_losses.percentiles(parents["teacher"], x, self.teacher_percentile)):
                student.register_buffer(f"percentile_{i}", q)
        return student

    def losses(self, student, batch):
        if self.options.mode == "end_to_end":
            yield losses.loss(student.predict(batch.x), batch.y)
            return
        options, fixed = self.options, None
        if options.scale == "fixed":
            fixed = [getattr(student, f"percentile_{i}") for i in range(len(student.hidden))]
        targets_BN = local_losses.teacher_rates(batch.parents["teacher"], batch.x, self.teacher_percentile, fixed)
        if options.mode == "online":
            yield from local_losses.online(student, batch.x, targets_BN, batch.y, options.lam, options.warm_up)
            return
        terms = local_losses.offline(student, batch.x, targets_BN, batch.y, options.lam)
        if options.mode == "offline":
            yield from terms
        else:
            number = len(student.hidden) + 1
            first, behind = (epoch * number // batch.epochs for epoch in (batch.epoch, batch.epoch + 1))
            yield from itertools.islice(terms, first, max(behind, first + 1))
