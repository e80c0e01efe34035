/* The neuron of `spec.Neuron`, all steps at once: the operations of plain.py in their order, hence its bits.

   Tensors are (steps, neurons), dense and alike in memory. Neurons are walked in blocks, so that a block with all its
   steps stays in the cache. The backward pass computes membranes and spikes again from the currents, so nothing else is
   kept. Compiled once per precision: REAL is float or double. BLOCK is how many neurons a block has. */

#include <stddef.h>

typedef struct {
    ptrdiff_t steps, neurons;
    ptrdiff_t x_stride, g_stride; /* of x and g_s between steps; 0: the same at every step */
    ptrdiff_t factors;            /* how many tensors multiply the surrogate */
    int to_zero, at, triangle, detach;
    int summed;                   /* one g_x for all steps: their sum */
    double nominal_decay, nominal_threshold, width, height, slope; /* slope: -height / width */
    const REAL *x, *v, *keep;          /* currents; membranes before, or null for 0; 1 for spikes that are sent, or null */
    const REAL *decay, *threshold;     /* of each neuron, or null for the nominal ones, which the backward pass uses */
    REAL *s, *u, *v_next;              /* spikes; membranes before they reset, or null; membranes after, or null */
    const REAL *g_s, *g_v;             /* gradients of s and v_next, or null for 0 */
    const REAL *const *factor;
    REAL *g_x, *g_v_before;            /* gradients of x and of v, or null */
    const REAL *target;                /* of `imitate`: target rates, */
    REAL *count;                       /* spikes so far, */
    double *square;                    /* the sum of squared errors of each block, */
    double scale;                      /* and the factor on the error in its gradient by the rate */
} Neurons;

#define ABS(a) ((a) < 0 ? -(a) : (a))

/* A part of a tensor, or the same value for all if there is none. */
static void part(const REAL *from, double otherwise, ptrdiff_t first, ptrdiff_t n, REAL *restrict to)
{
    for (ptrdiff_t i = 0; i < n; i++) to[i] = from ? from[first + i] : (REAL)otherwise;
}

/* Ask for n numbers that are needed soon, `write` is 0 or 1: processors do not see the many streams of a block coming. */
#define SOON(from, write) \
    for (ptrdiff_t i = 0; i < n; i += 64 / (ptrdiff_t)sizeof(REAL)) __builtin_prefetch((from) + i, write)

/* One step of n neurons: x and v to membranes u, spikes s and the next v. */
#define STEP(FIRES, KEPT, RESET)                                   \
    for (ptrdiff_t i = 0; i < n; i++) {                            \
        REAL potential = v[i] + x[i];                              \
        REAL spike = (REAL)(potential FIRES threshold[i]) KEPT;    \
        REAL left = potential * decay[i];                          \
        v[i] = RESET;                                              \
        u[i] = potential;                                          \
        s[i] = spike;                                              \
    }
#define RESETS(FIRES, KEPT)                                         \
    if (p->to_zero) STEP(FIRES, KEPT, left - left * spike)         \
    else STEP(FIRES, KEPT, left - spike * threshold[i])
static void step(const Neurons *p, ptrdiff_t n, const REAL *restrict x, const REAL *restrict keep, const REAL *restrict decay,
                 const REAL *restrict threshold, REAL *restrict v, REAL *restrict u, REAL *restrict s)
{
    if (p->at) {
        if (keep) { RESETS(>=, * keep[i]) } else { RESETS(>=, ) }
    } else {
        if (keep) { RESETS(>, * keep[i]) } else { RESETS(>, ) }
    }
}

/* The surrogate h of n membranes. */
static void surrogate(const Neurons *p, ptrdiff_t n, const REAL *restrict u, REAL *restrict h)
{
    const REAL threshold = p->nominal_threshold, width = p->width, height = p->height, slope = p->slope;
    if (p->triangle)
        for (ptrdiff_t i = 0; i < n; i++) {
            REAL value = ABS(u[i] - threshold) * slope + height;
            h[i] = value < 0 ? 0 : value;
        }
    else
        for (ptrdiff_t i = 0; i < n; i++) h[i] = ABS(u[i] - threshold) < width ? height : 0;
}

/* One step back: the gradients of s and of the next v, g_s and g_v, to that of x and of the v before, g_x = g_v. */
#define BACK(KEPT)                                         \
    for (ptrdiff_t i = 0; i < n; i++) {                    \
        REAL kept = KEPT;                                  \
        g_x[i] = g_v[i] = g_s[i] * h[i] + g_v[i] * kept;   \
    }
static void back(const Neurons *p, ptrdiff_t n, const REAL *restrict u, const REAL *restrict s, const REAL *restrict h,
                 const REAL *restrict g_s, REAL *restrict g_v, REAL *restrict g_x)
{
    const REAL decay = p->nominal_decay, threshold = p->nominal_threshold;
    if (p->to_zero && p->detach) BACK((1 - s[i]) * decay)
    else if (p->to_zero) BACK((1 - s[i] - u[i] * h[i]) * decay)
    else if (p->detach) BACK(decay)
    else BACK(decay - h[i] * threshold)
}

/* Forward, for the neurons from `begin` to `end`. */
void fire(const Neurons *p, ptrdiff_t begin, ptrdiff_t end)
{
    REAL decay[BLOCK], threshold[BLOCK], v[BLOCK], u[BLOCK];
    for (ptrdiff_t first = begin; first < end; first += BLOCK) {
        ptrdiff_t n = end - first < BLOCK ? end - first : BLOCK;
        part(p->decay, p->nominal_decay, first, n, decay);
        part(p->threshold, p->nominal_threshold, first, n, threshold);
        part(p->v, 0, first, n, v);
        for (ptrdiff_t t = 0; t < p->steps; t++) {
            ptrdiff_t here = t * p->neurons + first;
            step(p, n, p->x + t * p->x_stride + first, p->keep ? p->keep + here : NULL, decay, threshold, v,
                 p->u ? p->u + here : u, p->s + here);
        }
        if (p->v_next)
            for (ptrdiff_t i = 0; i < n; i++) p->v_next[first + i] = v[i];
    }
}

/* Backward, for the neurons from `begin` to `end`; `scratch` has 3 x steps x BLOCK numbers. */
void learn(const Neurons *p, ptrdiff_t begin, ptrdiff_t end, REAL *scratch)
{
    REAL decay[BLOCK], threshold[BLOCK], v[BLOCK], g_v[BLOCK], h[BLOCK], zeros[BLOCK] = {0};
    REAL *u = scratch, *s = u + p->steps * BLOCK, *g = s + p->steps * BLOCK;
    for (ptrdiff_t first = begin; first < end; first += BLOCK) {
        ptrdiff_t n = end - first < BLOCK ? end - first : BLOCK;
        part(p->decay, p->nominal_decay, first, n, decay);
        part(p->threshold, p->nominal_threshold, first, n, threshold);
        part(p->v, 0, first, n, v);
        part(p->g_v, 0, first, n, g_v);
        for (ptrdiff_t t = 0; t < p->steps; t++) {
            ptrdiff_t here = t * p->neurons + first;
            SOON(p->x + t * p->x_stride + first + BLOCK, 0);
            if (p->g_s) SOON(p->g_s + t * p->g_stride + first, 0);
            if (!p->summed) SOON(p->g_x + here, 1);
            step(p, n, p->x + t * p->x_stride + first, p->keep ? p->keep + here : NULL, decay, threshold, v, u + t * BLOCK,
                 s + t * BLOCK);
        }
        for (ptrdiff_t t = p->steps - 1; t >= 0; t--) {
            ptrdiff_t here = t * p->neurons + first;
            surrogate(p, n, u + t * BLOCK, h);
            for (ptrdiff_t k = 0; k < p->factors; k++)
                for (ptrdiff_t i = 0; i < n; i++) h[i] *= p->factor[k][here + i];
            back(p, n, u + t * BLOCK, s + t * BLOCK, h, p->g_s ? p->g_s + t * p->g_stride + first : zeros, g_v,
                 p->summed ? g + t * BLOCK : p->g_x + here);
        }
        for (ptrdiff_t i = 0; i < n && p->summed; i++) {
            REAL sum = g[i];
            for (ptrdiff_t t = 1; t < p->steps; t++) sum += g[t * BLOCK + i];
            p->g_x[first + i] = sum;
        }
        if (p->g_v_before)
            for (ptrdiff_t i = 0; i < n; i++) p->g_v_before[first + i] = g_v[i];
    }
}

/* One step of neurons that imitate target rates online, for the neurons from `begin` to `end`, multiples of BLOCK but for
   the last: v_next and count go one step on, and g_x is the gradient of the squared error of count / steps. Here `steps`
   counts the steps so far. */
void imitate(const Neurons *p, ptrdiff_t begin, ptrdiff_t end)
{
    REAL decay[BLOCK], threshold[BLOCK], u[BLOCK], h[BLOCK], square[BLOCK];
    const REAL steps = p->steps, scale = p->scale;
    part(NULL, p->nominal_decay, 0, BLOCK, decay);
    part(NULL, p->nominal_threshold, 0, BLOCK, threshold);
    for (ptrdiff_t first = begin; first < end; first += BLOCK) {
        ptrdiff_t n = end - first < BLOCK ? end - first : BLOCK;
        const REAL *restrict target = p->target + first, *restrict s = p->s + first;
        REAL *restrict count = p->count + first, *restrict g_x = p->g_x + first;
        step(p, n, p->x + first, NULL, decay, threshold, p->v_next + first, u, p->s + first);
        surrogate(p, n, u, h);
        part(NULL, 0, 0, BLOCK, square);
        for (ptrdiff_t i = 0; i < n; i++) {
            count[i] += s[i];
            REAL error = count[i] / steps - target[i];
            g_x[i] = error * scale / steps * h[i];
            square[i] = error * error;
        }
        for (ptrdiff_t half = BLOCK / 2; half; half /= 2)
            for (ptrdiff_t i = 0; i < half; i++) square[i] += square[i + half];
        p->square[first / BLOCK] = square[0];
    }
}
