"""The product and the plain reference of `tests/reference.py` agree: spikes bit by bit, gradients to 1e-6.

Cases are generated; CASES says how many, of each rule. Every test also counts what its cases held (residual blocks,
ties with the threshold, silent layers, batches of one, ...), so that no generator can dry up unseen.
"""

import random
from collections import Counter
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from snn.model.network import Network
from snn.model.spec import Architecture, AvgPool, Block, Conv, Linear, MaxPool, NeuNorm, Neuron, Norm, Readout, Relu
from snn.rules import Batch, Task, ann, conversion, ltl, stbp, tandem, tet
from tests import reference

pytestmark = pytest.mark.slow

CASES = {
    "spikes": 160,
    "stbp": 180,
    "tet": 80,
    "sdt": 60,
    "ltl_offline": 90,
    "ltl_online": 90,
    "tandem": 100,
    "ann": 50,
    "conversion": 80,
}
K = 2
CLEAR = 1e-6  # no membrane may be nearer to the threshold, or to where a surrogate breaks


def test_there_are_at_least_300_cases():
    assert sum(CASES.values()) >= 300


def cases(name):
    return settings(
        max_examples=CASES[name],
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )


def assert_seen(seen, name, *features):
    assert seen["cases"] >= CASES[name]
    assert [feature for feature in features if not seen[feature]] == []


# Networks


def bodies(exact=False):
    """(input shape, hidden layers); `exact`: averages, also those over maps, only over powers of two.

    Hypothesis draws a number, dice do the rest: its own choices crowd around the simplest networks.
    """
    return st.integers(0, 2**64 - 1).map(lambda number: body(random.Random(number), exact))


def body(dice, exact):
    luck = dice.random()
    if luck < 0.1:
        return (dice.randint(1, 4),), tuple(Linear(linear=dice.randint(1, 4)) for _ in range(dice.randint(1, 3)))
    kinds = [dice.choice([conv, conv, block, block, avg_pool, max_pool]) for _ in range(dice.randint(1, 3))]
    if luck < 0.35:  # where NeuNorm goes
        kinds = [conv, dice.choice([conv, avg_pool, max_pool]), conv]
    elif luck < 0.5:  # where a shortcut needs no convolution
        kinds = [conv, dice.choice([block, avg_pool, max_pool]), block]
    first = shape = (dice.randint(1, 2), dice.randint(3, 5), dice.randint(3, 5))
    layers = []
    for kind in kinds:
        layers.append(kind(dice, shape, bool(layers), exact))
        shape = behind(first, layers)
    if all(isinstance(layer, AvgPool | MaxPool) for layer in layers) or dice.random() < 0.5:
        layers.append(Linear(linear=dice.randint(1, 4), bias=dice.random() < 0.5))
    return first, tuple(layers)


def behind(shape, layers):
    plain = Architecture(input_shape=shape, outputs=1, layers=layers, steps=1, activation=Relu(), norm=None)
    return reference.parts(plain)[-1].shape


def conv(dice, shape, _, exact):
    kernel, groups = dice.choice([3, 3, 2, 1]), dice.choice([1, 1, shape[0]])
    return Conv(
        conv=dice.choice([1, 2, 2, 4 if exact else 3]) if groups == 1 else groups * (1 + (groups < 3)),
        kernel=kernel,
        stride=dice.choice([1, 1, 2]),
        padding=dice.randint(max(0, (kernel - min(shape[1:]) + 1) // 2), 2),
        groups=groups,
        bias=dice.random() < 0.6,
        norm=dice.random() < 0.7,
    )


def block(dice, shape, behind_a_layer, *_):
    """Convolutions that keep the size of the map, but for the stride of the first, and a shortcut that follows."""
    keeps = behind_a_layer and dice.random() < 0.6
    maps, stride = (shape[0], 1) if keeps else (dice.randint(1, 2), dice.randint(1, 2))
    convs = []
    for number in range(dice.randint(1, 2)):
        kernel, bias = dice.choice([1, 3]), dice.random() < 0.5
        strides = stride if number == 0 else 1
        convs.append(Conv(conv=maps, kernel=kernel, padding=kernel // 2, stride=strides, bias=bias))
    shortcut = None if keeps else Conv(conv=maps, kernel=1, padding=0, stride=stride, bias=dice.random() < 0.5)
    return Block(block=convs, shortcut=shortcut, add=dice.choice(["currents", "spikes"]))


def max_pool(dice, shape, *_):
    width = dice.randint(1, min(3, *shape[1:]))
    return MaxPool(max_pool=width, stride=dice.choice([None, 1, 2]), padding=dice.randint(0, width // 2))


def avg_pool(dice, shape, _, exact):
    widths = [width for width in (1, 2, 3) if width <= min(shape[1:]) and not (exact and width == 3)]
    whole = ["global"] * (not exact or (shape[1] * shape[2]).bit_count() == 1)
    return AvgPool(avg_pool=dice.choice(widths + whole))


def neurons(exact=False, **fixed):
    choices = {
        "decay": st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0] if exact else [0.0, 0.25, 0.6, 0.904837, 1.0]),
        "threshold": st.sampled_from([0.5, 0.75, 1.0] if exact else [0.3, 0.75, 1.0]),
        "reset": st.sampled_from(["zero", "subtract"]),
        "fires": st.sampled_from(["above", "at"]),
        "surrogate": st.sampled_from(["rectangle", "triangle"]),
        "width": st.sampled_from([0.5, 1.0]),
        "height": st.sampled_from([1.0, 0.75]),
        "detach_reset": st.sampled_from([False, False, True]),
    }
    return st.builds(Neuron, **(choices | {name: st.just(value) for name, value in fixed.items()}))


neunorms = st.builds(
    NeuNorm,
    decay=st.sampled_from([0.5, 0.75]),
    gain=st.sampled_from(["printed", "average"]),
    shared=st.booleans(),
)
norms = st.builds(Norm, momentum=st.sampled_from([0.1, 0.9]), to_threshold=st.booleans())
moods = st.sampled_from(["mixed", "mixed", "silent", "firing"])
seeds = st.integers(0, 2**32 - 1)
batches = st.sampled_from([1, 2, 3])
times = st.sampled_from([3, 1, 2, 4, 5, 6])


# Numbers


def quarters(rng, shape, low, high):
    return rng.integers(4 * low, 4 * high + 1, shape) / 4


def generic(rng, shape, low, high):
    return rng.normal((low + high) / 2, (high - low) / 3, shape)


@torch.no_grad()
def dress(net, rng, numbers, mood="mixed"):
    """New parameters for all layers; one hidden layer gets its own `mood` through its bias, if it has one."""
    for layer in net.layers:
        if layer.norm:
            n = len(layer.norm.weight)
            for tensor, values in (
                (layer.norm.weight, rng.normal(0, 1.2, n)),
                (layer.norm.bias, rng.normal(0.3, 0.7, n)),
                (layer.norm.running_mean, rng.normal(0, 0.3, n)),
                (layer.norm.running_var, rng.uniform(0.3, 2, n)),
            ):
                tensor.copy_(torch.from_numpy(values))
        for parameter in layer.op.parameters():
            parameter.copy_(torch.from_numpy(numbers(rng, tuple(parameter.shape), -1, 1)))
    moody = [layer for layer in net.hidden if layer.norm or layer.op.bias is not None]
    if mood != "mixed" and moody:
        layer = moody[rng.integers(len(moody))]
        bias = layer.norm.bias if layer.norm else layer.op.bias
        bias.copy_(torch.full_like(bias, 100.0 if mood == "firing" else -100.0))
    return net


def parameters_of(net):
    """The parameters of each layer for the reference, float64."""

    def numbers(tensor):
        return tensor.detach().double().contiguous().numpy().ravel().copy()

    found = []
    for layer in net.layers:
        own = {name: numbers(tensor) for name, tensor in layer.op.named_parameters()}
        if isinstance(layer.spec, NeuNorm):
            own = {"U": own["weight"]}
        if layer.norm:
            names = {"gamma": "weight", "beta": "bias", "mean": "running_mean", "var": "running_var"}
            own |= {name: numbers(getattr(layer.norm, theirs)) for name, theirs in names.items()}
        found.append(own)
    return found


def exactly(array):
    return np.array([Fraction(value) for value in array.ravel().tolist()], dtype=object).reshape(array.shape)


def image(rng, shape, batch, numbers, low=-1, high=2):
    x = numbers(rng, (batch, *shape), low, high)
    return torch.from_numpy(x), x.reshape(batch, -1)


def movie(rng, shape, steps, batch, numbers):
    x = numbers(rng, (steps, batch, *shape), -1, 2)
    return torch.from_numpy(x), x.reshape(steps, batch, -1)


def features(architecture, batch, mood_seen=()):
    """The features of a case, counted over all cases."""
    layers = architecture.layers
    blocks = [layer for layer in layers if isinstance(layer, Block)]
    convs = [layer for layer in layers if isinstance(layer, Conv)] + [c for b in blocks for c in b.block]
    yield from ("cases", *mood_seen)
    yield from (f"block that adds {b.add}" for b in blocks)
    yield from ("identity" for b in blocks if b.shortcut is None)
    yield from ("stride" for conv in convs if conv.stride > 1)
    yield from ("groups" for conv in convs if conv.groups > 1)
    yield from ("no bias" for conv in convs if not conv.bias)
    yield from (type(layer).__name__ for layer in layers)
    yield f"batch {batch}"
    yield f"T {architecture.steps}"
    yield "norm" if architecture.norm else "no norm"
    yield architecture.readout.kind
    yield architecture.encoding
    if architecture.norm and architecture.norm.to_threshold:
        yield "tdBN"
    if isinstance(architecture.activation, Neuron):
        yield architecture.activation.reset
        yield architecture.activation.fires


def activity(architecture, records):
    """Whether a layer of neurons is silent, or fires throughout, or meets its threshold exactly."""
    for part, record in zip(reference.parts(architecture), records, strict=True):
        if part.neurons:
            spikes = np.array(record.neurons.o).astype(float)
            yield from ["silent"] * bool((spikes == 0).all()) + ["firing"] * bool((spikes == 1).all())
            yield from ["tie"] * bool((np.array(record.neurons.u) == architecture.activation.threshold).any())


LAYOUT = ("block that adds currents", "block that adds spikes", "identity", "stride", "groups", "no bias", "Linear")
SHAPES = (*LAYOUT, "AvgPool", "MaxPool", "batch 1", "T 1", "T 6")


def assert_gradients(net, expected):
    """Equal to 1e-6 relative, number by number; rounding errors of zero count as zero."""
    largest = max((np.abs(g).max() for own in expected for g in own.values()), default=0.0)
    names = {"weight": "op.weight", "bias": "op.bias", "U": "op.weight", "gamma": "norm.weight", "beta": "norm.bias"}
    for layer, own in zip(net.layers, expected, strict=True):
        compared = set()
        for name, g in own.items():
            parameter = layer.get_parameter(names[name])
            found = np.zeros(g.shape) if parameter.grad is None else parameter.grad.numpy().ravel()
            np.testing.assert_allclose(
                found, g, rtol=1e-6, atol=1e-9 * largest + 1e-15, err_msg=str((layer.spec, name))
            )
            compared.add(names[name])
        for name, parameter in layer.named_parameters():
            if name not in compared:
                assert parameter.grad is None or not parameter.grad.any(), (layer.spec, name)
    return bool(largest > 0)


def learn(rule, student, x, y, parents=None, epoch=0, epochs=1):
    """The loss of one update, its gradients left in the student."""
    student.zero_grad()
    total = 0.0
    for loss in rule.losses(student, Batch(x, y, parents or {}, epoch, epochs, torch.Generator())):
        loss.backward()
        total += loss.item()
    return total


def labels(rng, batch):
    y = rng.integers(0, K, batch)
    return torch.from_numpy(y), y


# Spikes


@pytest.mark.usefixtures("double")
def test_spikes_are_those_of_the_reference_bit_by_bit():
    """Parameters, inputs, leak and threshold are dyadic rationals, so that every sum is exact: the reference takes
    fractions, the product floats, and what lies at the threshold lies there in both.
    """
    seen = Counter()

    @cases("spikes")
    @given(
        body=bodies(exact=True),
        neuron=neurons(exact=True),
        T=times,
        batch=batches,
        voters=st.sampled_from([None, 1, 2]),
        neunorm=st.none() | neunorms,
        encoding=st.sampled_from(["repeat", "repeat", "once", "frames"]),
        cuts=st.sets(st.integers(1, 5)),
        mood=moods,
        single=st.booleans(),
        seed=seeds,
    )
    def case(body, neuron, T, batch, voters, neunorm, encoding, cuts, mood, single, seed):
        shape, layers = body
        readout = Readout(kind="votes", voters=voters) if voters else Readout()
        coding = "repeat" if encoding == "frames" else encoding
        architecture = Architecture(
            input_shape=shape, outputs=K, layers=layers, steps=T, activation=neuron, norm=None, neunorm=neunorm,
            encoding=coding, readout=readout,
        )  # fmt: skip
        rng = np.random.default_rng(seed)
        net = dress(Network(architecture), rng, quarters, mood).requires_grad_(False).eval()
        of_frames = encoding == "frames" and T > 1
        x, plain_x = movie(rng, shape, T, batch, quarters) if of_frames else image(rng, shape, batch, quarters)
        if single and not neunorm:  # all sums need less than 24 bits
            net, x = net.float(), x.float()

        parameters = [{name: exactly(v) for name, v in own.items()} for own in parameters_of(net)]
        records = reference.run(architecture, parameters, reference.encode(architecture, exactly(plain_x)))
        expected = [record.y.astype(float) for record in records[:-1]]
        expected.append(reference.outputs(architecture, records).astype(float))

        x_TBX = net.encode(x)
        whole = [y for _, y in net.walk(x_TBX)]
        state, pieces = [None] * len(net.layers), []
        bounds = sorted({0, T} | {cut for cut in cuts if cut < T})
        for start, end in pairwise(bounds):
            pieces.append([y for _, y in net.walk(x_TBX[start:end], state)])
        chunks = [torch.cat(piece) for piece in zip(*pieces, strict=True)]
        for found in (whole, chunks):
            for y, right in zip(found, expected, strict=True):
                np.testing.assert_array_equal(y.double().flatten(2).numpy(), right)
        scores = reference.scores(architecture, expected[-1])
        np.testing.assert_allclose(net.predict(x).numpy(), scores, rtol=1e-6 if x.dtype == torch.float32 else 1e-13)

        seen.update(features(architecture, batch, activity(architecture, records)))
        seen.update(["chunks"] * (len(bounds) > 2) + ["frames"] * of_frames + ["single"] * (x.dtype == torch.float32))
        seen.update(
            f"neunorm {part.spec.gain}" for part in reference.parts(architecture) if isinstance(part.spec, NeuNorm)
        )
        if "tie" in activity(architecture, records):
            seen[f"tie {neuron.fires}"] += 1

    case()
    kinds = ("neunorm printed", "neunorm average", "votes", "current", "once", "frames", "chunks", "single")
    assert_seen(seen, "spikes", *SHAPES, *kinds, "silent", "firing", "zero", "subtract")
    assert min(seen["tie above"], seen["tie at"]) > 10


# Gradients


def student_of(rule, shape, layers, T, rng, mood="mixed"):
    """A student of a rule in training mode, with parameters of ours."""
    return dress(rule.student(Task(shape, K, layers, T), {}, None), rng, generic, mood).train()


def assume_enough_for_a_norm(architecture, batch, rows_of_counts=False):
    """A norm needs two numbers per channel; torch refuses a single one."""
    placed = reference.parts(architecture)
    for i, part in enumerate(placed[:-1]):
        once = rows_of_counts or reference.constant(placed, i, architecture)
        rows = batch if once else batch * architecture.steps
        assume(architecture.norm is None or rows * reference.len_(part.out) > 1)


@pytest.mark.usefixtures("double")
def test_stbp():
    seen = Counter()

    @cases("stbp")
    @given(
        body=bodies(),
        neuron=neurons(),
        T=times,
        batch=batches,
        voters=st.integers(1, 3),
        how=st.sampled_from(["sum", "mean"]),
        norm=st.none() | norms,
        neunorm=st.none() | neunorms | neunorms,
        of_frames=st.booleans(),
        mood=moods,
        seed=seeds,
    )
    def case(body, neuron, T, batch, voters, how, norm, neunorm, of_frames, mood, seed):
        shape, layers = body
        rng = np.random.default_rng(seed)
        rule = stbp.Stbp(stbp.Options(neuron=neuron, norm=norm, neunorm=neunorm, voters=voters, loss=how))
        student = student_of(rule, shape, layers, T, rng, mood)
        of_frames = of_frames and T > 1
        x, plain_x = movie(rng, shape, T, batch, generic) if of_frames else image(rng, shape, batch, generic)
        y, plain_y = labels(rng, batch)
        architecture = student.architecture
        assume_enough_for_a_norm(architecture, batch)
        value, expected, records = reference.stbp(architecture, parameters_of(student), plain_x, plain_y, how)
        assume(reference.margin(records) > CLEAR)
        assert learn(rule, student, x, y) == pytest.approx(value, rel=1e-9)
        moved = assert_gradients(student, expected)
        seen.update([*features(architecture, batch, activity(architecture, records)), how])
        seen.update(["moved"] * moved + ["frames"] * of_frames)
        for part, g in zip(reference.parts(architecture), expected, strict=True):
            if isinstance(part.spec, NeuNorm) and T > 1 and g["U"].any():
                seen[f"neunorm {part.spec.gain}"] += 1

    case()
    assert_seen(seen, "stbp", *LAYOUT, "batch 1", "silent", "firing", "norm", "no norm", "tdBN", "frames")
    assert min(seen["neunorm printed"], seen["neunorm average"]) >= 3
    assert seen["moved"] > 0.6 * CASES["stbp"]


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("loss", ["tet", "sdt"])
def test_tet_and_sdt(loss):
    seen = Counter()

    @cases(loss)
    @given(
        body=bodies(),
        neuron=neurons(),
        T=times,
        batch=batches,
        lam=st.sampled_from([0.0, 0.05, 0.5]),
        norm=st.none() | norms,
        smooth=st.sampled_from([None, None, 1.0, 10.0]),
        mood=moods,
        seed=seeds,
    )
    def case(body, neuron, T, batch, lam, norm, smooth, mood, seed):
        shape, layers = body
        rng = np.random.default_rng(seed)
        neuron = neuron.model_copy(update={"smooth": smooth})
        extras = {"lam": lam, "phi": 0.7} if loss == "tet" else {}
        rule = tet.Tet(tet.Options(neuron=neuron, norm=norm, loss=loss, **extras))
        student = student_of(rule, shape, layers, T, rng, mood)
        x, plain_x = image(rng, shape, batch, generic)
        y, plain_y = labels(rng, batch)
        architecture, parameters = student.architecture, parameters_of(student)
        assume_enough_for_a_norm(architecture, batch)
        if loss == "tet":
            value, expected, records = reference.tet(architecture, parameters, plain_x, plain_y, lam, 0.7)
        else:
            value, expected, records = reference.sdt(architecture, parameters, plain_x, plain_y)
        assume(reference.margin(records) > CLEAR)
        assert learn(rule, student, x, y) == pytest.approx(value, rel=1e-9)
        moved = assert_gradients(student, expected)
        for layer, record in zip(student.layers, records, strict=True):
            if layer.norm:
                for name in ("mean", "var"):
                    statistic = getattr(layer.norm, f"running_{name}").numpy()
                    np.testing.assert_allclose(statistic, record.norm.running[name], rtol=1e-9, atol=1e-12)
        seen.update([*features(architecture, batch, activity(architecture, records))])
        seen.update(["moved"] * moved + ["smooth"] * (smooth is not None))

    case()
    assert_seen(seen, loss, *LAYOUT, "batch 1", "silent", "firing", "norm", "no norm", "tdBN", "smooth")
    assert seen["moved"] > 0.6 * CASES[loss]


def teacher_of(shape, layers, rng, relu):
    rule = ann.Ann(ann.Options(activation=relu, norm=None))
    return dress(rule.student(Task(shape, K, layers, 1), {}, None), rng, generic).requires_grad_(False).eval()


def goal_of(rng, batch, reconstruction):
    if not reconstruction:
        return labels(rng, batch)
    y = rng.normal(0, 1, (batch, K))
    return torch.from_numpy(y), y


relus = st.builds(Relu, clip=st.sampled_from([None, 2.0]))


@pytest.mark.usefixtures("double")
def test_ltl_offline():
    seen = Counter()

    @cases("ltl_offline")
    @given(
        body=bodies(),
        neuron=neurons(),
        T=times,
        batch=batches,
        percentile=st.sampled_from([50.0, 99.0, 100.0]),
        lam=st.sampled_from([1.0, 0.3]),
        norm=st.none() | norms,
        readout=st.sampled_from(["current", "current_and_spikes"]),
        relu=relus,
        reconstruction=st.booleans(),
        mood=moods,
        seed=seeds,
    )
    def case(body, neuron, T, batch, percentile, lam, norm, readout, relu, reconstruction, mood, seed):
        shape, layers = body
        rng = np.random.default_rng(seed)
        options = {"mode": "offline", "percentile": percentile, "lam": lam, "readout": readout}
        rule = ltl.Ltl(ltl.Options(neuron=neuron, norm=norm, **options))
        student = student_of(rule, shape, layers, T, rng, mood)
        teacher = teacher_of(shape, layers, rng, relu)
        x, plain_x = image(rng, shape, batch, generic)
        y, plain_y = goal_of(rng, batch, reconstruction)
        wanted = reference.targets(teacher.architecture, parameters_of(teacher), plain_x, percentile)
        architecture = student.architecture
        assume_enough_for_a_norm(architecture, batch)
        value, expected, records = reference.ltl_offline(
            architecture, parameters_of(student), plain_x, plain_y, wanted, lam
        )
        assume(reference.margin(records) > CLEAR)
        assert learn(rule, student, x, y, {"teacher": teacher}) == pytest.approx(value, rel=1e-9)
        moved = assert_gradients(student, expected)
        seen.update([*features(architecture, batch, activity(architecture, records))])
        seen.update(["moved"] * moved + ["reconstruction"] * reconstruction)

    case()
    kinds = ("norm", "no norm", "tdBN", "current", "current_and_spikes", "reconstruction")
    assert_seen(seen, "ltl_offline", *LAYOUT, "batch 1", "silent", "firing", *kinds)
    assert seen["moved"] > 0.8 * CASES["ltl_offline"]


@pytest.mark.usefixtures("double")
def test_ltl_online():
    seen = Counter()

    @cases("ltl_online")
    @given(
        body=bodies(),
        neuron=neurons(),
        T=times,
        batch=batches,
        percentile=st.sampled_from([50.0, 99.0]),
        lam=st.sampled_from([1.0, 0.3]),
        late=st.integers(0, 5),
        readout=st.sampled_from(["current", "current_and_spikes"]),
        relu=relus,
        of_frames=st.booleans(),
        mood=moods,
        seed=seeds,
    )
    def case(body, neuron, T, batch, percentile, lam, late, readout, relu, of_frames, mood, seed):
        shape, layers = body
        rng, warm_up = np.random.default_rng(seed), late % T
        options = {"mode": "online", "percentile": percentile, "lam": lam, "warm_up": warm_up, "readout": readout}
        rule = ltl.Ltl(ltl.Options(neuron=neuron, **options))
        student = student_of(rule, shape, layers, T, rng, mood)
        teacher = teacher_of(shape, layers, rng, relu)
        of_frames = of_frames and T > 1
        x, plain_x = movie(rng, shape, T, batch, generic) if of_frames else image(rng, shape, batch, generic)
        y, plain_y = labels(rng, batch)
        wanted = reference.targets(teacher.architecture, parameters_of(teacher), plain_x, percentile)
        architecture = student.architecture
        assume_enough_for_a_norm(architecture, batch)
        value, expected, records = reference.ltl_online(
            architecture, parameters_of(student), plain_x, plain_y, wanted, lam, warm_up
        )
        assume(reference.margin(records) > CLEAR)
        assert learn(rule, student, x, y, {"teacher": teacher}) == pytest.approx(value, rel=1e-9)
        moved = assert_gradients(student, expected)
        scores = reference.scores(architecture, records[-1].y)
        np.testing.assert_allclose(student.eval().predict(x).detach().numpy(), scores, rtol=1e-9, atol=1e-12)
        seen.update([*features(architecture, batch, activity(architecture, records))])
        seen.update(["moved"] * moved + ["warm up"] * (warm_up > 0) + ["frames"] * of_frames)

    case()
    kinds = ("current", "current_and_spikes", "warm up", "frames")
    assert_seen(seen, "ltl_online", *LAYOUT, "batch 1", "silent", "firing", *kinds)
    assert seen["moved"] > 0.8 * CASES["ltl_online"]


@pytest.mark.usefixtures("double")
def test_tandem():
    seen = Counter()

    @cases("tandem")
    @given(
        body=bodies(),
        neuron=neurons(),
        T=times,
        batch=batches,
        norm=st.none() | norms,
        encoding=st.sampled_from(["repeat", "once"]),
        readout=st.sampled_from(["membrane", "count"]),
        gradient=st.sampled_from(["rate", "released"]),
        masked=st.booleans(),
        reconstruction=st.booleans(),
        training=st.booleans(),
        mood=moods,
        seed=seeds,
    )
    def case(body, neuron, T, batch, norm, encoding, readout, gradient, masked, reconstruction, training, mood, seed):
        shape, layers = body
        rng = np.random.default_rng(seed)
        if neuron.decay in (0, 1):
            neuron = neuron.model_copy(update={"decay": 1.0, "reset": "subtract"})
            gradient = "rate"
        options = {"encoding": encoding, "readout": readout, "gradient": gradient, "mask_saturated": masked}
        rule = tandem.Tandem(tandem.Options(neuron=neuron, norm=norm, **options))
        rule.check(rule.options, T)
        student = student_of(rule, shape, layers, T, rng, mood).train(training)
        architecture = student.architecture
        assume_enough_for_a_norm(architecture, batch, rows_of_counts=True)
        x, plain_x = image(rng, shape, batch, generic)
        y, plain_y = goal_of(rng, batch, reconstruction)
        how = {"gradient": gradient, "masked": masked, "training": training}
        value, expected, scores, margin = reference.tandem(
            architecture, parameters_of(student), plain_x, plain_y, **how
        )
        assume(margin > CLEAR)
        assert learn(rule, student, x, y) == pytest.approx(value, rel=1e-9)
        moved = assert_gradients(student, expected)
        found = rule.couple(student.eval(), x).detach()
        deployed = rule.deploy(student)
        np.testing.assert_allclose(deployed.predict(x).detach().numpy(), found.numpy(), rtol=1e-7, atol=1e-9)
        records = reference.run(deployed.architecture, parameters_of(deployed), reference.encode(architecture, plain_x))
        if not training and reference.margin(records) > CLEAR:
            np.testing.assert_allclose(scores, found.numpy(), rtol=1e-7, atol=1e-9)
            counted = reference.scores(architecture, reference.outputs(architecture, records))
            np.testing.assert_allclose(scores, counted, rtol=1e-7, atol=1e-9)
            seen["deployed"] += 1
        seen.update(features(architecture, batch, activity(architecture, records)))
        seen.update(["moved"] * moved + [readout, gradient] + ["IF" if neuron.decay == 1 else "LIF"])

    case()
    kinds = ("norm", "no norm", "tdBN", "once", "repeat", "membrane", "count", "rate", "released", "IF", "LIF")
    assert_seen(seen, "tandem", *LAYOUT, "MaxPool", "AvgPool", "batch 1", "silent", "firing", "deployed", *kinds)
    assert seen["moved"] > 0.6 * CASES["tandem"]


@pytest.mark.usefixtures("double")
def test_ann():
    seen = Counter()

    @cases("ann")
    @given(
        body=bodies(),
        batch=batches,
        norm=st.none() | norms,
        relu=st.builds(Relu, clip=st.just(2.0), levels=st.sampled_from([None, 3, 8])) | st.just(Relu()),
        reconstruction=st.booleans(),
        frames=st.sampled_from([0, 3]),
        seed=seeds,
    )
    def case(body, batch, norm, relu, reconstruction, frames, seed):
        shape, layers = body
        rng = np.random.default_rng(seed)
        rule = ann.Ann(ann.Options(activation=relu, norm=norm))
        student = student_of(rule, shape, layers, 1, rng)
        x, plain_x = movie(rng, shape, frames, batch, generic) if frames else image(rng, shape, batch, generic)
        y, plain_y = goal_of(rng, batch, reconstruction)
        architecture = student.architecture
        assume_enough_for_a_norm(architecture, batch)
        value, expected, records = reference.sdt(architecture, parameters_of(student), plain_x, plain_y)
        assume(reference.margin(records) > CLEAR)
        assert learn(rule, student, x, y) == pytest.approx(value, rel=1e-9)
        seen["moved"] += assert_gradients(student, expected)
        seen.update(features(architecture, batch))
        seen.update(["levels"] * bool(relu.levels) + ["frames"] * bool(frames))

    case()
    assert_seen(
        seen, "ann", "block that adds currents", "block that adds spikes", "norm", "levels", "frames", "batch 1"
    )
    assert seen["moved"] > 0.8 * CASES["ann"]


@pytest.mark.usefixtures("double")
def test_conversion():
    seen = Counter()

    @cases("conversion")
    @given(body=bodies(), T=times, fires=st.sampled_from(["above", "at"]),
           percentile=st.sampled_from([90.0, 100.0]), relu=relus, seed=seeds)  # fmt: skip
    def case(body, T, fires, percentile, relu, seed):
        shape, layers = body
        rng = np.random.default_rng(seed)
        teacher = teacher_of(shape, layers, rng, relu)
        assume(not adds_the_image(teacher.architecture))
        neuron = Neuron(
            decay=1.0, threshold=1.0, reset="subtract", fires=fires, surrogate="rectangle", width=0.5, height=1.0
        )
        rule = conversion.Conversion(conversion.Options(neuron=neuron, percentile=percentile))
        sample, plain_sample = image(rng, shape, 4, generic)
        student = rule.student(Task(shape, K, layers, T), {"teacher": teacher}, sample)
        expected = reference.converted(teacher.architecture, parameters_of(teacher), plain_sample, percentile)
        for own, found in zip(expected, parameters_of(student), strict=True):
            for name in own:
                np.testing.assert_allclose(found[name], own[name], rtol=1e-12)
        x, plain_x = image(rng, shape, 2, generic)
        architecture = student.architecture
        records = reference.run(architecture, expected, reference.encode(architecture, plain_x))
        assume(reference.margin(records) > CLEAR)
        walked = rule.deploy(student).requires_grad_(False).walk(student.encode(x))
        for (_, y), record, part in zip(walked, records, reference.parts(architecture), strict=True):
            if part.neurons:
                np.testing.assert_array_equal(y.flatten(2).numpy(), record.y)
        seen.update(features(architecture, 2, activity(architecture, records)))

    case()
    assert_seen(
        seen, "conversion", "block that adds currents", "block that adds spikes", "identity", "AvgPool", "stride"
    )


def adds_the_image(architecture):
    """Whether a shortcut without synapses adds numbers of the image, whose scale cannot be chosen."""
    placed = reference.parts(architecture)

    def of_the_image(i):
        while i >= 0 and isinstance(placed[i].spec, AvgPool | MaxPool):
            i = placed[i].source
        return i < 0

    return any(part.addend is not None and of_the_image(part.addend) for part in placed)
