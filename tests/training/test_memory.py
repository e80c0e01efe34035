"""The memory of online LTL does not grow with the number of steps: peaks of processes, as the system counts them.

Each is forked from one that has imported torch and computed nothing.

The network, its teacher and the batch are the same at every T, the image is shown directly. "At once" is the same loss
with the same cuts, back-propagated in one go at the end, as the released code does it.
"""

from pathlib import Path

import pytest

from snn.core.paths import ROOT
from tests import trees

STEPS = (4, 16, 64)

ONE_UPDATE = """
import ctypes, gc, os, sys, time
import torch
from snn.model.network import Network
from snn.rules import Batch, Task, ltl
from snn.model.spec import Architecture, Conv, Linear, Neuron, Relu

for how, steps in ((how, int(steps)) for how in ("online", "at_once") for steps in sys.argv[1:]):
    forked = os.fork()
    if not forked:
        break
    assert os.waitpid(forked, 0)[1] == 0
else:
    sys.exit()
libc = ctypes.CDLL(None)
for option in (-1, -3):  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD: freed blocks of 64 kB go back to the system at once
    assert libc.mallopt(option, 65536)
torch.set_num_threads(1)
torch.manual_seed(0)
shape, classes, batch = (3, 16, 16), 10, 32
layers = (Conv(conv=32), Conv(conv=64, stride=2), Linear(linear=64))
neuron = Neuron(decay=0.9, threshold=0.3, reset="zero", fires="above", surrogate="rectangle", width=0.5, height=1.0)
rule = ltl.Ltl(ltl.Options(neuron=neuron, mode="online", percentile=99.0))
teacher = Network(Architecture(
    input_shape=shape, outputs=classes, layers=layers, steps=1, activation=Relu(clip=2.0), norm=None
)).requires_grad_(False).eval()
x, y = torch.randn(batch, *shape), torch.arange(batch) % classes
seen = Batch(x, y, {"teacher": teacher}, 0, 1, torch.Generator())


def student(steps):
    return rule.student(Task(shape, classes, layers, steps), {}, None)


def update(net):
    if how == "at_once":
        sum(rule.losses(net, seen)).backward()
    else:
        for loss in rule.losses(net, seen):
            loss.backward()


def kilobytes(what):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(what))


update(student(1))  # what kernels keep for good
net = student(steps)
gc.collect()
libc.malloc_trim(0)
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # the peak starts from here
idle, start = kilobytes("VmRSS"), time.process_time()
update(net)
print(how, steps, kilobytes("VmHWM") - idle, time.process_time() - start)
"""


def grown():
    """Kilobytes by which a process grows at most during one update, and the CPU seconds that it takes, by how and T."""
    result = trees.run(ROOT, "-c", ONE_UPDATE, *STEPS)
    found = {"online": {}, "at_once": {}}
    for how, steps, kilobytes, seconds in map(str.split, result.stdout.splitlines()):
        found[how][int(steps)] = int(kilobytes), float(seconds)
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux tells the peak of a process")
def test_the_memory_of_online_ltl_does_not_grow_with_the_number_of_steps_and_that_of_all_steps_at_once_does():
    found = grown()
    for how, row in found.items():
        print(
            f"{how:8}" + "".join(f"   T {steps}: {size / 1024:.1f} MiB, {s:.2f} s" for steps, (size, s) in row.items())
        )
    few, some, many = (found["online"][steps][0] for steps in STEPS)
    print(f"time of step by step over at once: {found['online'][64][1] / found['at_once'][64][1]:.2f}")
    assert few > 4 * 1024  # more than noise
    assert max(some, many) <= 1.5 * few
    few, some, many = (found["at_once"][steps][0] for steps in STEPS)
    assert some > 2 * few
    assert many > 5 * few
