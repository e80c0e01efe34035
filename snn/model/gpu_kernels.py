"""The neuron of `plain` in Triton: its operations in their order, hence its bits. Launched by `gpu`.

A program walks a block of neurons through all steps, with membranes in registers. The backward pass computes membranes
and spikes again from the currents: the membranes lie in the memory of the gradients g until these replace them, so it
needs no more memory than gradients of all steps.

Multiplications are never fused with additions, since a fused one rounds once where torch rounds twice. The option
`enable_fp_fusion=False` forbids it to LLVM, which then writes `mul.rn` and `add.rn`, and to the assembler
(`--fmad=false`). Constants arrive in double precision and are rounded to the type of the tensors, as torch does it.
"""

import triton
import triton.language as tl


@triton.jit
def all_alike(number, real, SIZE: tl.constexpr):
    """One number for every neuron, rounded to the type of the tensors."""
    return tl.full((SIZE,), number, real.dtype.element_ty)


@triton.jit
def part(tensor, otherwise, real, here, inside, SIZE: tl.constexpr):
    """A part of a tensor, or the same number for all if there is none."""
    if tensor is None:
        values = all_alike(otherwise, real, SIZE)
    else:
        values = tl.load(tensor + here, mask=inside)
    return values


@triton.jit
def step(x, keep, here, inside, decay, threshold, v, TO_ZERO: tl.constexpr, AT: tl.constexpr):
    """Currents x and membranes v to membranes u before they reset, spikes s and membranes v after."""
    u = v + x
    s = spikes(u, keep, here, inside, threshold, AT)
    left = u * decay
    if TO_ZERO:
        v = left - left * s
    else:
        v = left - s * threshold
    return u, s, v


@triton.jit
def spikes(u, keep, here, inside, threshold, AT: tl.constexpr):
    """Membranes u to spikes."""
    if AT:
        s = (u >= threshold).to(u.dtype)
    else:
        s = (u > threshold).to(u.dtype)
    if keep is not None:
        s *= tl.load(keep + here, mask=inside)
    return s


@triton.jit
def walk(
    x,
    keep,
    s,
    u,
    first,
    inside,
    decay,
    threshold,
    v,
    steps,
    neurons,
    x_stride,
    TO_ZERO: tl.constexpr,
    AT: tl.constexpr,
):
    """All steps: writes spikes s and membranes u where they are given, and returns the membranes v after the last."""
    here = tl.full((), 0, tl.int64)  # of a step: tensors may have more numbers than 32 bits count
    x_here = here
    for _ in range(steps):
        currents = tl.load(x + x_here + first, mask=inside)
        before, fired, v = step(currents, keep, here + first, inside, decay, threshold, v, TO_ZERO, AT)
        if s is not None:
            tl.store(s + here + first, fired, mask=inside)
        if u is not None:
            tl.store(u + here + first, before, mask=inside)
        here += neurons
        x_here += x_stride
    return v


@triton.jit
def surrogate(u, threshold, width, height, slope, TRIANGLE: tl.constexpr):
    """The surrogate h of membranes u."""
    distance = tl.abs(u - threshold)
    if TRIANGLE:
        value = distance * slope + height
        h = tl.where(value < 0, 0, value)
    else:
        h = tl.where(distance < width, height, 0)
    return h


@triton.jit
def kept(u, s, h, decay, threshold, TO_ZERO: tl.constexpr, DETACH: tl.constexpr):
    """dv/du, with nominal constants."""
    if TO_ZERO and DETACH:
        factor = (1 - s) * decay
    elif TO_ZERO:
        factor = (1 - s - u * h) * decay
    elif DETACH:
        factor = decay
    else:
        factor = decay - h * threshold
    return factor


@triton.jit
def add_up(g, g_sum, first, inside, steps, neurons):
    """The sum of gradients over all steps, in the order of time."""
    tl.debug_barrier()
    total = tl.load(g + first, mask=inside)
    here = tl.full((), 0, tl.int64)
    for _ in range(1, steps):
        here += neurons
        total += tl.load(g + here + first, mask=inside)
    tl.store(g_sum + first, total, mask=inside)


@triton.jit
def fire(
    x,
    v,
    keep,
    decay,
    threshold,
    s,
    u,
    v_next,
    steps,
    neurons,
    x_stride,
    nominal_decay: tl.float64,
    nominal_threshold: tl.float64,
    TO_ZERO: tl.constexpr,
    AT: tl.constexpr,
    SIZE: tl.constexpr,
):
    """Forward: all steps of SIZE neurons. Missing tensors are None."""
    first = tl.program_id(0).to(tl.int64) * SIZE + tl.arange(0, SIZE)
    inside = first < neurons
    decays = part(decay, nominal_decay, x, first, inside, SIZE)
    thresholds = part(threshold, nominal_threshold, x, first, inside, SIZE)
    membranes = part(v, 0.0, x, first, inside, SIZE)
    membranes = walk(x, keep, s, u, first, inside, decays, thresholds, membranes, steps, neurons, x_stride, TO_ZERO, AT)
    tl.store(v_next + first, membranes, mask=inside)


@triton.jit
def learn(
    x,
    v,
    keep,
    decay,
    threshold,
    g_s,
    g_v,
    factors,
    g,
    g_sum,
    g_v_before,
    steps,
    neurons,
    x_stride,
    g_stride,
    nominal_decay: tl.float64,
    nominal_threshold: tl.float64,
    width: tl.float64,
    height: tl.float64,
    slope: tl.float64,
    TO_ZERO: tl.constexpr,
    AT: tl.constexpr,
    TRIANGLE: tl.constexpr,
    DETACH: tl.constexpr,
    SIZE: tl.constexpr,
):
    """Backward: all steps of SIZE neurons. Missing tensors are None; barriers let threads read what others wrote."""
    first = tl.program_id(0).to(tl.int64) * SIZE + tl.arange(0, SIZE)
    inside = first < neurons
    decays = part(decay, nominal_decay, x, first, inside, SIZE)
    thresholds = part(threshold, nominal_threshold, x, first, inside, SIZE)
    membranes = part(v, 0.0, x, first, inside, SIZE)
    walk(x, keep, None, g, first, inside, decays, thresholds, membranes, steps, neurons, x_stride, TO_ZERO, AT)
    tl.debug_barrier()
    nominal_decays, nominal_thresholds = all_alike(nominal_decay, x, SIZE), all_alike(nominal_threshold, x, SIZE)
    widths, heights, slopes = all_alike(width, x, SIZE), all_alike(height, x, SIZE), all_alike(slope, x, SIZE)
    gradients = part(g_v, 0.0, x, first, inside, SIZE)
    end = tl.full((), steps, tl.int64)
    here, g_here = end * neurons, end * g_stride
    for _ in range(steps):
        here -= neurons
        g_here -= g_stride
        u = tl.load(g + here + first, mask=inside)
        s = spikes(u, keep, here + first, inside, thresholds, AT)
        h = surrogate(u, nominal_thresholds, widths, heights, slopes, TRIANGLE)
        if factors is not None:
            for k in tl.static_range(len(factors)):
                h *= tl.load(factors[k] + here + first, mask=inside)
        g_spikes = part(g_s, 0.0, x, g_here + first, inside, SIZE)
        gradients = g_spikes * h + gradients * kept(u, s, h, nominal_decays, nominal_thresholds, TO_ZERO, DETACH)
        tl.debug_barrier()
        tl.store(g + here + first, gradients, mask=inside)
    if g_v_before is not None:
        tl.store(g_v_before + first, gradients, mask=inside)
    if g_sum is not None:
        add_up(g, g_sum, first, inside, steps, neurons)
