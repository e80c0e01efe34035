"""Networks and rules once more, plain and slow, written straight from the equations of the papers, gradients by hand.

Wu et al. 2019 (STBP, NeuNorm), Deng et al. 2022 (TET, SDT, tdBN), Wu et al. 2021 (tandem), Yang et al. 2022 (LTL). Of
the product only the description of a network (`snn.spec`) is read. Nothing is differentiated by torch: every synapse is
a triple (output, input, weight), every backward pass a recursion.

Arrays are (T, B, N), N the flattened sample. Numbers are float64, or `Fraction` where sums have to be exact. Parameters
of part i are a dict: weight (flat) and bias; gamma, beta, mean, var of its norm; U of NeuNorm.
"""

import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from snn.model.spec import AvgPool, Block, Conv, Linear, MaxPool, NeuNorm, Neuron

ADD = "add"


class Part(NamedTuple):
    spec: Any  # of snn.spec, or ADD
    source: int  # whose output it takes; -1 is the input
    addend: int | None  # whose output is added to its current
    neurons: bool
    summed: bool  # its current is one of two that are added
    shape: tuple  # of its input
    out: tuple  # of its output


def parts(architecture):
    """Layers in the order in which they run; of a block the shortcut comes first, and a sum of spikes last."""
    placed = []

    def place(spec, source, addend=None, neurons=False, summed=False):
        shape = tuple(architecture.input_shape if source < 0 else placed[source].out)
        placed.append(Part(spec, source, addend, neurons, summed, shape, shape_behind(spec, shape)))
        return len(placed) - 1

    last = -1
    for number, spec in enumerate(architecture.layers):
        if isinstance(spec, Block):
            last = place_block(spec, last, place)
            continue
        last = place(spec, last, neurons=isinstance(spec, Conv | Linear))
        behind = [s for s in architecture.layers[number + 1 :] if not isinstance(s, AvgPool | MaxPool)]
        if architecture.neunorm and isinstance(spec, Conv) and behind and isinstance(behind[0], Conv):
            last = place(architecture.neunorm, last)
    readout = architecture.readout
    place(Linear(linear=architecture.outputs * readout.voters, norm=False), last, neurons=readout.kind != "current")
    return placed


def place_block(block, last, place):
    spikes_are_added = block.add == "spikes"
    way = last
    if block.shortcut:
        way = place(block.shortcut, last, neurons=spikes_are_added, summed=not spikes_are_added)
    *first, final = block.block
    for conv in first:
        last = place(conv, last, neurons=True)
    if spikes_are_added:
        return place(ADD, place(final, last, neurons=True), way)
    return place(final, last, way, neurons=True, summed=True)


def shape_behind(spec, shape):
    if isinstance(spec, Linear):
        return (spec.linear,)
    if isinstance(spec, Conv):
        return (spec.conv, *(windows(n, spec.kernel, spec.stride, spec.padding) for n in shape[1:]))
    if isinstance(spec, MaxPool):
        return (shape[0], *(windows(n, spec.max_pool, spec.stride or spec.max_pool, spec.padding) for n in shape[1:]))
    if isinstance(spec, AvgPool):
        return (shape[0], *(1 if spec.avg_pool == "global" else n // spec.avg_pool for n in shape[1:]))
    return shape


def windows(n, kernel, stride, padding):
    return len(range(-padding, n + padding - kernel + 1, stride))


# Operators as triples


class Taps(NamedTuple):
    outputs: np.ndarray
    inputs: np.ndarray
    weights: np.ndarray


def taps(part):
    """Which input reaches which output through which weight."""
    spec, triples = part.spec, []
    if isinstance(spec, Linear):
        n = math.prod(part.shape)
        triples = [(o, i, o * n + i) for o in range(spec.linear) for i in range(n)]
    elif isinstance(spec, Conv):
        of_group, k = part.shape[0] // spec.groups, spec.kernel
        for o in range(spec.conv):
            first = o // (spec.conv // spec.groups) * of_group
            for place, top, left in corners(part.out, spec.stride, spec.padding):
                for c in range(of_group):
                    for dy, dx in np.ndindex(k, k):
                        if inside(part.shape, top + dy, left + dx):
                            i = at(part.shape, first + c, top + dy, left + dx)
                            triples.append((o * len_(part.out) + place, i, ((o * of_group + c) * k + dy) * k + dx))
    elif isinstance(spec, AvgPool):
        height, width = part.shape[1:] if spec.avg_pool == "global" else (spec.avg_pool, spec.avg_pool)
        for c in range(part.shape[0]):
            for place, (row, column) in enumerate(np.ndindex(*part.out[1:])):
                for dy, dx in np.ndindex(height, width):
                    i = at(part.shape, c, row * height + dy, column * width + dx)
                    triples.append((c * len_(part.out) + place, i, 0))
    return Taps(*np.array(triples, dtype=int).reshape(-1, 3).T)


def corners(out, stride, padding):
    """Number and upper left corner of every window."""
    for place, (row, column) in enumerate(np.ndindex(*out[1:])):
        yield place, row * stride - padding, column * stride - padding


def inside(shape, row, column):
    return 0 <= row < shape[1] and 0 <= column < shape[2]


def at(shape, c, row, column):
    return (c * shape[1] + row) * shape[2] + column


def len_(shape):
    """Positions of one map."""
    return math.prod(shape[1:])


def through(taps, weight, x, size):
    """W x for one sample: (N_in,) -> (size,)."""
    z = np.zeros(size, dtype=x.dtype)
    used = x[taps.inputs] != 0
    np.add.at(z, taps.outputs[used], weight[taps.weights[used]] * x[taps.inputs[used]])
    return z


def back_through(taps, weight, x, g_z):
    """Gradients by W and by x."""
    g_w, g_x = np.zeros(len(weight)), np.zeros(len(x))
    np.add.at(g_w, taps.weights, g_z[taps.outputs] * x[taps.inputs])
    np.add.at(g_x, taps.inputs, g_z[taps.outputs] * weight[taps.weights])
    return g_w, g_x


def largest(part, x):
    """Max pooling of one sample: for every output the input that wins, the first of equals."""
    spec, winners = part.spec, []
    for c in range(part.shape[0]):
        for _, top, left in corners(part.out, spec.stride or spec.max_pool, spec.padding):
            members = [
                at(part.shape, c, top + dy, left + dx)
                for dy, dx in np.ndindex(spec.max_pool, spec.max_pool)
                if inside(part.shape, top + dy, left + dx)
            ]
            winners.append(max(members, key=lambda i: x[i]))
    return np.array(winners)


class Operator:
    """The linear (or max) part of a layer, without its norm, for arrays (R, N) of R samples."""

    def __init__(self, part, parameters):
        self.part, self.size, self.taps = part, math.prod(part.out), taps(part)
        self.weight, self.bias = parameters.get("weight"), parameters.get("bias")

    def __call__(self, x):
        spec = self.part.spec
        self.x = x
        if isinstance(spec, MaxPool):
            self.winners = [largest(self.part, row) for row in x]
            return np.array([row[winners] for row, winners in zip(x, self.winners, strict=True)])
        if isinstance(spec, AvgPool):
            area = len_(self.part.shape) if spec.avg_pool == "global" else spec.avg_pool**2
            self.weight = np.array([Fraction(1, area)]) if x.dtype == object else np.array([1 / area])
        if spec == ADD:
            return x
        z = np.array([through(self.taps, self.weight, row, self.size) for row in x])
        return z if self.bias is None else z + np.repeat(self.bias, self.size // len(self.bias))

    def back(self, g_z):
        """Gradients by the parameters and by x."""
        if isinstance(self.part.spec, MaxPool):
            g_x = np.zeros(self.x.shape)
            for row, winners, g in zip(g_x, self.winners, g_z, strict=True):
                np.add.at(row, winners, g)
            return {}, g_x
        if self.part.spec == ADD:
            return {}, g_z
        pairs = [back_through(self.taps, self.weight, x, g) for x, g in zip(self.x, g_z, strict=True)]
        g_x = np.array([g for _, g in pairs])
        if isinstance(self.part.spec, AvgPool):
            return {}, g_x
        found = {"weight": sum(g for g, _ in pairs)}
        if self.bias is not None:
            found["bias"] = g_z.reshape(len(g_z), len(self.bias), -1).sum((0, 2))
        return found, g_x


# Norms


class BatchNorm:
    """y = gain (z - mean) / sqrt(var + eps) + beta, mean and variance over everything but channels (Ioffe, Szegedy).

    tdBN (Zheng et al. 2021): gain = alpha V_th gamma, alpha = 1 / sqrt(2) where two currents are added, else 1.
    """

    def __init__(self, architecture, part, parameters):
        norm, self.parameters, self.channels = architecture.norm, parameters, part.out[0]
        self.eps, self.momentum = norm.eps, norm.momentum
        self.scale = 1.0
        if norm.to_threshold:
            threshold = architecture.activation.threshold if isinstance(architecture.activation, Neuron) else 1.0
            self.scale = threshold * (1 / math.sqrt(2) if part.summed else 1.0)

    def __call__(self, z, training, distinct):
        """`distinct`: how many different rows there are; an image shown at every step counts once in the running
        variance.
        """
        z_RCS = z.reshape(len(z), self.channels, -1)
        self.training = training
        if training:
            mean, var = z_RCS.mean((0, 2)), z_RCS.var((0, 2))
            n = distinct * z_RCS.shape[2]
            self.running = {
                "mean": (1 - self.momentum) * self.parameters["mean"] + self.momentum * mean,
                "var": (1 - self.momentum) * self.parameters["var"] + self.momentum * var * n / max(n - 1, 1),
            }
        else:
            mean, var = self.parameters["mean"], self.parameters["var"]
            self.running = {"mean": mean, "var": var}
        self.sd = np.sqrt(var + self.eps)[:, None]
        self.z_hat = (z_RCS - mean[:, None]) / self.sd
        y = self.scale * self.parameters["gamma"][:, None] * self.z_hat + self.parameters["beta"][:, None]
        return y.reshape(z.shape)

    def back(self, g_y):
        g_RCS = g_y.reshape(self.z_hat.shape)
        found = {"gamma": self.scale * (g_RCS * self.z_hat).sum((0, 2)), "beta": g_RCS.sum((0, 2))}
        g_hat = g_RCS * self.scale * self.parameters["gamma"][:, None]
        g_z = g_hat / self.sd
        if self.training:
            mean_g = g_hat.mean((0, 2))[:, None]
            mean_g_z_hat = (g_hat * self.z_hat).mean((0, 2))[:, None]
            g_z = (g_hat - mean_g - self.z_hat * mean_g_z_hat) / self.sd
        return found, g_z.reshape(g_y.shape)

    def folded(self, weight, bias):
        """W' = gain W / sqrt(var + eps), b' = beta + gain (b - mean) / sqrt(var + eps) by running statistics."""
        gain = self.scale * self.parameters["gamma"] / np.sqrt(self.running["var"] + self.eps)
        bias = 0 if bias is None else bias
        return (
            weight * np.repeat(gain, len(weight) // len(gain)),
            self.parameters["beta"] + gain * (bias - self.running["mean"]),
        )


class NeuronNorm:
    """x[t] = k x[t-1] + gain sum_f o_f[t];   y_f[t] = o_f[t] - U_f x[t]   (Wu et al. 2019, eq. 9 and 10)

    gain: (1 - k) / F^2 as printed (k + v F = 1, gain v / F), (1 - k) / F for an average.
    """

    def __init__(self, part, parameters):
        self.maps, self.positions = part.shape[0], len_(part.shape)
        self.k, self.u = part.spec.decay, parameters["U"].reshape(-1, self.positions)
        self.gain = (1 - self.k) / (self.maps**2 if part.spec.gain == "printed" else self.maps)

    def __call__(self, o_TBN):
        T, B, N = o_TBN.shape
        if o_TBN.dtype == object:
            self.k, self.gain = Fraction(self.k), Fraction(self.gain)
        x, self.x, y = 0, [], []
        for t in range(T):
            o = o_TBN[t].reshape(B, self.maps, self.positions)
            x = self.k * x + self.gain * o.sum(1)
            self.x.append(x)
            y.append((o - self.u[None] * x[:, None]).reshape(B, N))
        return np.array(y)

    def back(self, g_TBN, through_time):
        g_u, g_x, g_o = np.zeros(self.u.shape), 0.0, np.zeros(g_TBN.shape)
        for t in reversed(range(len(g_TBN))):
            g = g_TBN[t].reshape(-1, self.maps, self.positions)
            of_u = -(g * self.x[t][:, None]).sum(0)
            g_u += of_u if len(self.u) > 1 or self.maps == 1 else of_u.sum(0, keepdims=True)
            g_x = -(g * self.u).sum(1) + (self.k * g_x if through_time else 0.0)
            g_o[t] = (g + self.gain * g_x[:, None]).reshape(g_TBN[t].shape)
        return {"U": g_u.ravel()}, g_o


# Neurons


class Neurons:
    """u[t] = k u[t-1] (1 - o[t-1]) + z[t]         reset to zero (STBP eq. 5; TET eq. 1 to 3; LTL)
    u[t] = k u[t-1] - V_th o[t-1] + z[t]           reset by subtraction (tandem)
    o[t] = 1 where u[t] > V_th (or >=), else 0;    smooth: sigmoid(k' (u[t] - V_th))
    """

    def __init__(self, neuron):
        self.neuron = neuron

    def __call__(self, z_TBN):
        neuron, exact = self.neuron, z_TBN.dtype == object
        k, threshold = (Fraction(v) if exact else v for v in (neuron.decay, neuron.threshold))
        u, o = np.zeros_like(z_TBN[0]), np.zeros_like(z_TBN[0])
        self.u, self.o = [], []
        for z in z_TBN:
            u = (k * u * (1 - o) if neuron.reset == "zero" else k * u - threshold * o) + z
            if neuron.smooth is not None:
                o = 0.5 * (1 + np.tanh(0.5 * neuron.smooth * (u - threshold)))  # the sigmoid, without overflow
            else:
                fires = u > threshold if neuron.fires == "above" else u >= threshold
                o = fires.astype(object if exact else float) * 1
            self.u.append(u)
            self.o.append(o)
        return np.array(self.o)

    def surrogate(self, u, o):
        """h: (1/a) 1[|u - V_th| < a/2], a triangle of the same axis, or the derivative of the sigmoid."""
        neuron = self.neuron
        distance = np.abs(u - neuron.threshold)
        if neuron.smooth is not None:
            return neuron.smooth * o * (1 - o)
        if neuron.surrogate == "rectangle":
            return np.where(distance < neuron.width, neuron.height, 0.0)
        return neuron.height / neuron.width * np.maximum(0.0, neuron.width - distance)

    def back(self, g_o_TBN, through_time):
        """STBP eq. 12 and 13: first dL/do[t], from the layers above and from the reset, then dL/du[t]."""
        neuron, k, threshold = self.neuron, self.neuron.decay, self.neuron.threshold
        g_z, later = np.zeros(g_o_TBN.shape), 0.0  # later: dL/du[t+1]
        for t in reversed(range(len(g_o_TBN))):
            u, o = self.u[t], self.o[t]
            by_reset, by_leak = (-k * u, k * (1 - o)) if neuron.reset == "zero" else (-threshold, k)
            if neuron.detach_reset:
                by_reset = 0.0
            g_o = g_o_TBN[t] + later * by_reset
            g_z[t] = g_o * self.surrogate(u, o) + later * by_leak
            later = g_z[t] if through_time else 0.0
        return g_z

    def margin(self):
        """How far any membrane is from the threshold, and from where the surrogate breaks."""
        if self.neuron.smooth is not None:
            return np.inf
        distance = np.abs(np.array(self.u) - self.neuron.threshold)
        return min(distance.min(), np.abs(distance - self.neuron.width).min())


class Rectifier:
    """min(max(0, z), clip), rounded to `levels` equal steps; the gradient ignores the rounding."""

    def __init__(self, relu):
        self.relu = relu

    def __call__(self, z):
        self.z, clip = z, math.inf if self.relu.clip is None else self.relu.clip
        self.open = (z > 0) & (z < clip)
        a = np.minimum(np.maximum(z, 0), clip)
        return a if self.relu.levels is None else np.round(a * self.relu.levels / clip) * clip / self.relu.levels

    def back(self, g, through_time):
        return g * self.open

    def margin(self):
        distances = [np.abs(self.z).min()]
        if self.relu.clip:
            distances.append(np.abs(self.z - self.relu.clip).min())
        if self.relu.levels:
            places = self.z * self.relu.levels / self.relu.clip
            distances.append(np.abs(places - np.floor(places) - 0.5).min())
        return min(distances)


# A whole network


def encode(architecture, x):
    """Images (B, N) to (T, B, N); frames (T, B, N) as they are, or their sum for one step."""
    T = architecture.steps
    if x.ndim == 3:
        return x.sum(0)[None] if T == 1 else x
    if architecture.encoding == "repeat":
        return np.array([x] * T)
    return np.array([x] + [x * 0] * (T - 1))


class Record:
    """What part i did: operator, norm, neurons, current z, output y."""

    def __init__(self):
        self.norm = self.neurons = self.z = self.y = None


def activate(architecture, part):
    if not part.neurons:
        return None
    return (
        Neurons(architecture.activation)
        if isinstance(architecture.activation, Neuron)
        else Rectifier(architecture.activation)
    )


def run(architecture, parameters, x_TBN, training=False):
    """All parts over all steps; the votes of the last one are not counted yet."""
    T, B, _ = x_TBN.shape
    placed = parts(architecture)
    records = []
    for i, part in enumerate(placed):
        record, own = Record(), parameters[i]
        x = x_TBN if part.source < 0 else records[part.source].y
        if isinstance(part.spec, NeuNorm):
            record.op = NeuronNorm(part, own)
            record.y = record.op(x)
            records.append(record)
            continue
        record.op = Operator(part, own)
        z = record.op(x.reshape(T * B, -1))
        if "gamma" in own:
            record.norm = BatchNorm(architecture, part, own)
            z = record.norm(z, training, distinct=B if constant(placed, i, architecture) else T * B)
        z = z.reshape(T, B, -1)
        if part.addend is not None:
            z = z + (x_TBN if part.addend < 0 else records[part.addend].y)
        record.z, record.neurons = z, activate(architecture, part)
        record.y = record.neurons(z) if part.neurons else z
        if i == len(placed) - 1 and architecture.readout.kind == "current_and_spikes":
            record.y = record.y + z
        records.append(record)
    return records


def constant(placed, i, architecture):
    """Whether a part sees the same image at every step, through pools at most."""
    while placed[i].source >= 0:
        i = placed[i].source
        if not isinstance(placed[i].spec, AvgPool | MaxPool):
            return False
    return architecture.encoding == "repeat"


def outputs(architecture, records):
    """(T, B, K): currents of the read-out, or shares of votes."""
    y = records[-1].y
    if architecture.readout.kind != "votes":
        return y
    voters = architecture.readout.voters
    votes = y.reshape(*y.shape[:2], -1, voters)
    return votes.sum(3) / (Fraction(voters) if y.dtype == object else voters)


def by_votes(architecture, g_o):
    """Gradient by the outputs of the last part from that by the votes."""
    readout = architecture.readout
    return np.repeat(g_o, readout.voters, axis=2) / readout.voters if readout.kind == "votes" else g_o


def step_weights(architecture):
    T, readout = architecture.steps, architecture.readout
    if readout.over_steps == "running":  # sum over t >= warm_up of sum over k <= t
        return np.array([sum(t >= readout.warm_up for t in range(k, T)) for k in range(T)], dtype=float)
    return np.full(T, 1 / T if readout.over_steps == "mean" else 1.0)


def scores(architecture, o_TBK):
    return sum(w * o for w, o in zip(step_weights(architecture), o_TBK, strict=True))


def by_scores(architecture, g_BK):
    return np.array([w * g_BK for w in step_weights(architecture)])


def back(architecture, records, seeds, cut=False, through_time=True):
    """Gradients of all parameters, given those by the outputs of some parts: {part: (T, B, N)}.

    `cut`: nothing goes from a layer down to the neurons that feed it. Not `through_time`: nothing goes from t to t-1.
    """
    placed = parts(architecture)
    g_y = {i: g.copy() for i, g in seeds.items()}
    found = [{} for _ in placed]

    def hand_down(j, g):
        if j >= 0 and not (cut and placed[j].neurons):
            g_y[j] = g_y.get(j, 0.0) + g

    for i in reversed(range(len(placed))):
        part, record = placed[i], records[i]
        if i not in g_y:
            continue
        g = g_y[i]
        if isinstance(part.spec, NeuNorm):
            found[i], g = record.op.back(g, through_time)
            hand_down(part.source, g)
            continue
        T, B, _ = g.shape
        if part.neurons:
            beside = g if i == len(placed) - 1 and architecture.readout.kind == "current_and_spikes" else 0.0
            g = record.neurons.back(g, through_time) + beside
        if part.addend is not None:
            hand_down(part.addend, g)
        g = g.reshape(T * B, -1)
        if record.norm:
            of_norm, g = record.norm.back(g)
            found[i] |= of_norm
        of_op, g = record.op.back(g)
        found[i] |= of_op
        hand_down(part.source, g.reshape(T, B, -1))
    return found


def summed(*gradients):
    """Gradients of several losses, part by part."""
    result = [{} for _ in gradients[0]]
    for each in gradients:
        for total, found in zip(result, each, strict=True):
            for name, g in found.items():
                total[name] = total.get(name, 0.0) + g
    return result


def margin(records):
    return min((record.neurons.margin() for record in records if record.neurons), default=np.inf)


# Losses: value and gradient


def softmax(z_BK):
    e = np.exp(z_BK - z_BK.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def cross_entropy(z_BK, y_B):
    """-(1/B) sum_b log S(z)[y];   (S(z) - Y) / B."""
    S, Y = softmax(z_BK), np.eye(z_BK.shape[1])[y_B]
    return -np.log((S * Y).sum(1)).mean(), (S - Y) / len(y_B)


def squared(z_BK, goal):
    """Mean over everything of (z - goal)^2."""
    return ((z_BK - goal) ** 2).mean(), 2 * (z_BK - goal) / z_BK.size


def task_loss(z_BK, goal):
    return squared(z_BK, goal) if np.asarray(goal).dtype == float else cross_entropy(z_BK, goal)


def stbp(architecture, parameters, x, y, how):
    """L = || Y - (1/T) sum_t M o[t] ||^2 (STBP eq. 11), averaged over the batch; "mean": over classes as well."""
    records = run(architecture, parameters, encode(architecture, x), training=True)
    r = scores(architecture, outputs(architecture, records))
    error = r - np.eye(r.shape[1])[y]
    divisor = len(y) * (r.shape[1] if how == "mean" else 1)
    seed = by_votes(architecture, by_scores(architecture, 2 * error / divisor))
    return (error**2).sum() / divisor, back(architecture, records, {len(records) - 1: seed}), records


def tet(architecture, parameters, x, y, lam, phi):
    """(1 - lam) (1/T) sum_t CE(O[t], y) + lam (1/T) sum_t MSE(O[t], phi) (TET eq. 9, 12, 13)."""
    records = run(architecture, parameters, encode(architecture, x), training=True)
    O, T = records[-1].y, architecture.steps  # noqa: E741
    value, seed = 0.0, np.zeros(O.shape)
    for t in range(T):
        (entropy, by_entropy), (pull, by_pull) = cross_entropy(O[t], y), squared(O[t], phi)
        value += ((1 - lam) * entropy + lam * pull) / T
        seed[t] = ((1 - lam) * by_entropy + lam * by_pull) / T
    return value, back(architecture, records, {len(records) - 1: seed}), records


def sdt(architecture, parameters, x, y):
    """CE((1/T) sum_t O[t], y) (TET eq. 7); also LTL's control, where nothing is cut, and (T = 1) an ANN."""
    records = run(architecture, parameters, encode(architecture, x), training=True)
    value, g = task_loss(scores(architecture, records[-1].y), y)
    return value, back(architecture, records, {len(records) - 1: by_scores(architecture, g)}), records


# LTL


def targets(architecture, parameters, x, percentile):
    """clamp(A / q, 0, 1) of every layer of the teacher, q the k-th smallest of A, k = 1 + round(p / 100 (N - 1))."""
    found = []
    for part, record in list(
        zip(parts(architecture), run(architecture, parameters, encode(architecture, x)), strict=True)
    ):
        if part.neurons:
            a = record.y[0]
            q = sorted(a.ravel())[round(percentile / 100 * (a.size - 1))]
            found.append(np.clip(a / q, 0, 1) if q > 0 else (a > 0).astype(float))
    return found


def hidden(architecture):
    return [i for i, part in enumerate(parts(architecture)[:-1]) if part.neurons]


def ltl_offline(architecture, parameters, x, goal, wanted, lam):
    """CE((1/T) sum_t o[t], y) + lam sum_l mean((C_l[T-1] / T - target_l)^2), spikes cut between layers."""
    records = run(architecture, parameters, encode(architecture, x), training=True)
    T = architecture.steps
    value, g = task_loss(scores(architecture, records[-1].y), goal)
    seeds = {len(records) - 1: by_scores(architecture, g)}
    for i, target in zip(hidden(architecture), wanted, strict=True):
        loss, g = squared(records[i].y.sum(0) / T, target)
        value += lam * loss
        seeds[i] = np.array([lam * g / T] * T)
    return value, back(architecture, records, seeds, cut=True), records


def ltl_online(architecture, parameters, x, goal, wanted, lam, warm_up):
    """sum_{t >= warm_up} CE(O[t] / (t+1), y) + lam sum_l mean((C_l[t] / (t+1) - target_l)^2), C[t-1] and u[t-1] cut:

    delta_l[t] = 2 lam / (B n (t+1)) (C[t] / (t+1) - target) h(u[t]),   dL/dW_l = sum_t delta_l[t] x[t]^T
    """
    records = run(architecture, parameters, encode(architecture, x))
    last = len(records) - 1
    value, seeds = 0.0, {i: np.zeros(records[i].y.shape) for i in (*hidden(architecture), last)}
    for t in range(warm_up, architecture.steps):
        for i, target in zip((*hidden(architecture), last), (*wanted, goal), strict=True):
            mean = records[i].y[: t + 1].sum(0) / (t + 1)
            loss, g = task_loss(mean, target)
            factor = 1.0 if i == last else lam
            value += factor * loss
            seeds[i][t] = factor * g / (t + 1)
    return value, back(architecture, records, seeds, cut=True, through_time=False), records


# Tandem learning


def expected_count(z, neuron, T):
    """Spikes of a neuron under the constant current z / T, as real numbers; scalar."""
    d, threshold = neuron.decay, neuron.threshold
    if d == 1:
        return max(z, 0.0) / threshold
    if neuron.reset == "subtract":
        return min(max(z / threshold - T * (1 - d), 0.0), T)
    top = z / T / (1 - d)  # the membrane settles here if it never fires
    if top <= threshold:
        return 0.0
    interval = math.log(top / (top - threshold)) / math.log(1 / d)
    return T / max(interval, 1.0)


def tandem_slope(z, neuron, T, gradient, masked):
    """da/dz of the activation that a rule lends the neuron; scalar."""
    threshold = neuron.threshold
    if neuron.decay == 1:
        return (1 / threshold) if z > 0 and not (masked and z >= T * threshold) else 0.0
    if gradient == "rate":
        half = threshold / 2
        return (expected_count(z + half, neuron, T) - expected_count(z - half, neuron, T)) / threshold
    if z <= 0:
        return 0.0
    # a = T / (tau ln(1 + V / sp(I - V))), I = z / T, sp(v) = ln(1 + e^v)
    tau, v = -1 / math.log(neuron.decay), z / T - threshold
    sp, sigmoid = math.log(1 + math.exp(v)), 1 / (1 + math.exp(-v))
    return (1 / tau) * threshold / (sp * (sp + threshold)) * sigmoid / math.log(1 + threshold / sp) ** 2


def tandem(architecture, parameters, x, goal, gradient="rate", masked=False, training=True):
    """Pairs of layers: z = BN(W c + b) with the counts c of the layer below; the spikes of W', b'/T go up as c; back
    comes dL/dz = dL/dc a'(z), then BN, W as in an ordinary ANN.

    Returns loss, gradients, scores, margin.
    """
    T, placed, x_TBN = architecture.steps, parts(architecture), encode(architecture, x)
    spikes, counts, pairs, margins = {-1: x_TBN}, {-1: x_TBN.sum(0)}, [], [np.inf]
    B = x_TBN.shape[1]
    for i, part in enumerate(placed):
        own, pair = parameters[i], Record()
        pair.op = Operator(part, own)
        z = pair.op(counts[part.source])
        weight, bias = own.get("weight"), own.get("bias")
        if "gamma" in own:
            pair.norm = BatchNorm(architecture, part, own)
            z = pair.norm(z, training, distinct=B)
            weight, bias = pair.norm.folded(weight, bias)
        if part.addend is not None:
            z = z + counts[part.addend]
        pair.z = z
        pairs.append(pair)
        share = {} if weight is None else {"weight": weight} | ({} if bias is None else {"bias": bias / T})
        s = Operator(part, share)(spikes[part.source].reshape(T * B, -1)).reshape(T, B, -1)
        if part.addend is not None:
            s = s + spikes[part.addend]
        if part.neurons:
            neurons = Neurons(architecture.activation)
            s = neurons(s)
            margins += [neurons.margin(), np.abs(z).min(), np.abs(z - T * architecture.activation.threshold).min()]
        spikes[i], counts[i] = s, s.sum(0)
    last = len(placed) - 1
    # the read-out is analog: its score is the current of the counts, unless it counts its own spikes
    result = counts[last] if placed[last].neurons else pairs[last].z
    value, g = task_loss(result, goal)
    g_c, found = {last: g}, [{} for _ in placed]
    for i in reversed(range(len(placed))):
        part, pair, g = placed[i], pairs[i], g_c[i]
        if part.neurons:
            how = architecture.activation, T, gradient, masked
            g = g * np.array([[tandem_slope(z, *how) for z in row] for row in pair.z])
        if part.addend is not None:
            g_c[part.addend] = g_c.get(part.addend, 0.0) + g
        if pair.norm:
            of_norm, g = pair.norm.back(g)
            found[i] |= of_norm
        of_op, g = pair.op.back(g)
        found[i] |= of_op
        g_c[part.source] = g_c.get(part.source, 0.0) + g
    return value, found, result, min(margins)


# Conversion


def converted(architecture, parameters, x, percentile):
    """Weights of an ANN for IF neurons of threshold 1: W_l q_{l-1} / q_l, b_l / q_l (Rueckauer et al. 2017).

    q is the percentile of a layer's activations over the samples x; what is added without synapses shares the largest.
    """
    placed = parts(architecture)
    records = run(architecture, parameters, encode(architecture, x))
    q, root = {-1: 1.0}, list(range(len(placed)))  # root: who shares a scale with whom

    def find(i):
        return i if root[i] == i else find(root[i])

    for i, part in enumerate(placed[:-1]):
        if part.neurons:
            ranked = sorted(records[i].y.ravel())
            q[i] = ranked[round(percentile / 100 * (len(ranked) - 1))] or ranked[-1] or 1.0
    for i, part in enumerate(placed[:-1]):
        linked = []
        if not isinstance(part.spec, Conv | Linear):
            linked = [part.source, part.addend]
        elif part.addend is not None:
            linked = [part.addend]
        for j in linked:
            if j is not None and j >= 0:
                root[find(j)] = find(i)
    scale = {
        i: max((q[j] for j in range(len(placed) - 1) if j in q and find(j) == find(i)), default=1.0)
        for i in range(len(placed) - 1)
    }
    scale |= {-1: 1.0, len(placed) - 1: 1.0}
    result = []
    for i, (part, own) in enumerate(zip(placed, parameters, strict=True)):
        changed = {"weight": own["weight"] * (scale[part.source] / scale[i])} if "weight" in own else {}
        result.append(changed | ({"bias": own["bias"] / scale[i]} if "bias" in own else {}))
    return result
