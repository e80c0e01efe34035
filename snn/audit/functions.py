"""What every function of torch does to spikes, numbers and currents.

A function that is not in `HANDLERS` is refused by name, so no operation is left out of a count. Events pass through
functions that move positions as the values do, and through sums and pools as sums.
"""

import torch

from snn.audit import synapses
from snn.audit.call import Call, Handler
from snn.audit.frameworks import tensors
from snn.audit.signals import Current, Numbers, Signal, Spikes, Unread, joined

JOINS = {"stack", "cat", "concat", "concatenate", "hstack", "vstack"}
RECTIFIERS = {"relu", "relu6", "hardtanh", "threshold"}


def _moved(call: Call) -> Signal | list[Signal]:
    """Positions move, values stay; several tensors are joined."""
    spikes = [signal for signal in call.signals if isinstance(signal, Spikes)]
    padded = (call.argument(2, "mode", "constant"), call.argument(3, "value") or 0) if call.name == "pad" else ()
    if spikes and padded and padded != ("constant", 0):
        return Unread("pads spikes with other values than zeros")
    if len(spikes) < len(call.signals):
        return joined(call.signals)
    if call.name in JOINS and any(True for _ in call.others()):
        return Unread("joins spikes and a tensor that comes from elsewhere")
    if call.name not in JOINS and len(spikes) > 1:
        return Unread("picks spikes by spikes")
    pooled = any(signal.pooled for signal in spikes)
    moved: list[Signal] = [Spikes(events_X, pooled) for events_X in tensors(call.of_events())]
    return moved if isinstance(call.result, tuple | list) else moved[0]


def _kept(call: Call) -> Signal:
    """The same values in the same places."""
    if "dropout" in call.name and call.argument(2, "training", True):
        call.refuse("is active, which it must not be in an evaluation", "give it training=self.training")
    signal = call.signals[0]
    if isinstance(signal, Spikes) and signal.pooled and not call.result.is_floating_point():
        return Unread("rounds pooled spikes")
    return signal


def _scaled(call: Call) -> Signal:
    """A product with a constant goes into the weights behind it."""
    if len(call.signals) > 1:
        call.refuse("of two signals cannot be counted")
    if call.name != "mul" and call.args and call.args[0] is next(iter(call.others()), None):
        return _bent(call)
    signal, wide = call.signals[0], any(other.numel() > 1 for other in call.others())
    if isinstance(signal, Spikes):
        return Unread("scales spikes position by position") if wide else signal
    if isinstance(signal, Numbers):
        return Numbers(signal.constant, recorded=signal.recorded)
    if wide:
        call.note(f"{call.place}: products of currents with a tensor, which may be folded into weights")
    return signal


def _added(call: Call) -> Signal:
    """Biases are free, sums of spikes hold the events of both. A shortcut into currents costs one AC per event."""
    if call.kwargs.get("alpha", 1) != 1:
        call.refuse("has a factor alpha")
    if unread := next((signal for signal in call.signals if isinstance(signal, Unread)), None):
        return unread
    spikes = [signal for signal in call.signals if isinstance(signal, Spikes)]
    if len(call.signals) == 1:
        return Unread("adds a constant to spikes") if spikes and not _adds_zero(call) else call.signals[0]
    shape = call.result.shape
    if len(spikes) == 2:
        first, second = (signal.events_X.expand(shape) for signal in spikes)
        return Spikes(first + second, any(signal.pooled for signal in spikes))
    beside = [signal for signal in call.signals if not isinstance(signal, Current)]
    if len(beside) == 1:
        (other,) = beside
        if isinstance(other, Spikes):
            events = float(other.events_X.expand(shape).sum(dtype=torch.float64))
        else:
            events = float(call.result.numel())
        call.layer(None, "add", tuple(shape[1:])).acs += events
        return Current()
    return Numbers() if spikes else joined(call.signals)


def _adds_zero(call: Call) -> bool:
    """Whether a sum begins with the number 0, as Python's `sum` does."""
    numbers = [value for value in call.args if isinstance(value, int | float)]
    return numbers == [0] and not any(True for _ in call.others())


def _subtracted(call: Call) -> Signal:
    return Unread("subtracts spikes") if any(isinstance(s, Spikes) for s in call.signals) else joined(call.signals)


def _compared(call: Call) -> Signal:
    """Data that are compared become spikes, as in an encoder. Anything else would be neurons that nobody counts."""
    if all(isinstance(signal, Numbers) and signal.recorded for signal in call.signals):
        return Spikes(call.result.float())
    if any(isinstance(signal, Current | Numbers) for signal in call.signals):
        call.refuse("makes spikes outside neurons", "put neurons into a module and name its class by neurons=")
    return Unread("compares spikes")


def _summed(call: Call) -> Signal:
    """Sums and means are linear: spikes are counted before them."""
    signal, axes = call.signals[0], call.argument(1, "dim", call.kwargs.get("axis"))
    if not isinstance(signal, Spikes):
        return signal
    if axes is None:
        return Unread("sums all spikes")
    return Spikes(signal.events_X.sum(axes, keepdim=bool(call.argument(2, "keepdim", False))), pooled=True)


def _bent(call: Call) -> Signal:
    """A function of numbers that is not linear; what it makes of spikes is no spike train."""
    if len(call.signals) > 1:
        call.refuse("of two signals cannot be counted")
    (signal,) = call.signals
    if isinstance(signal, Spikes | Unread):
        return Unread(f"{call.name} is not linear in spikes")
    recorded = isinstance(signal, Numbers) and signal.recorded
    return Numbers(signal.constant, call.name in RECTIFIERS and not recorded, recorded)


def _normed(call: Call) -> Signal:
    """Batch normalisation of a current is folded into its synapses."""
    if call.argument(5, "training", False):
        call.refuse("takes statistics of the batch", "give the norm track_running_stats=True")
    signal = call.signals[0]
    if isinstance(signal, Spikes):
        return Unread("batch normalisation of spikes; put it between synapses and neurons")
    return Numbers(signal.constant, recorded=signal.recorded) if isinstance(signal, Numbers) else signal


def _handled(handler: Handler, names: str) -> dict[str, Handler]:
    return dict.fromkeys(names.split(), handler)


SYNAPSES: dict[str, Handler] = {
    **_handled(synapses.linear, "linear"),
    **_handled(synapses.convolution, "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d"),
}
HANDLERS: dict[str, Handler] = {
    **_handled(_moved, "flatten view reshape unflatten unsqueeze squeeze permute transpose movedim swapaxes T mT t"),
    **_handled(_moved, "expand expand_as view_as reshape_as repeat repeat_interleave tile broadcast_to getitem select"),
    **_handled(_moved, "narrow index_select unbind split chunk roll flip pad"),
    **_handled(_moved, " ".join(JOINS)),
    **_handled(_kept, "contiguous clone detach data to float double half type type_as cpu cuda requires_grad"),
    **_handled(_kept, "dropout dropout1d dropout2d dropout3d feature_dropout alpha_dropout"),
    **_handled(_scaled, "mul multiply div divide true_divide neg"),
    **_handled(_added, "add"),
    **_handled(_subtracted, "sub subtract"),
    **_handled(_compared, "lt le gt ge eq ne less less_equal greater greater_equal bernoulli heaviside"),
    **_handled(_summed, "sum mean"),
    **_handled(_bent, "relu relu6 hardtanh threshold sigmoid tanh gelu silu elu leaky_relu softplus softmax"),
    **_handled(
        _bent, "log_softmax rdiv clamp clip abs exp log sqrt pow square max amax min amin argmax topk norm std var"
    ),
    **_handled(_normed, "batch_norm"),
    **_handled(synapses.average_pool, "avg_pool1d avg_pool2d avg_pool3d lp_pool1d lp_pool2d"),
    **_handled(synapses.average_pool, "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d"),
    **_handled(synapses.max_pool, "max_pool1d max_pool2d max_pool3d adaptive_max_pool1d adaptive_max_pool2d"),
    **SYNAPSES,
    **_handled(lambda call: None, "rand_like randn_like zeros_like ones_like empty_like full_like"),
    **_handled(lambda call: None, "new_zeros new_ones new_full new_empty"),
}
