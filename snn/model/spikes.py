"""Convolution of spikes that keeps them as bits for the backward pass, a thirty-second of their memory.

Only the gradient of the weights needs the spikes of the forward pass. Values are those of torch, bit by bit, also under
autocast to bfloat16, in which spikes are exact.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from snn.model.derivatives import first_only
from snn.model.layout import Layout


def convolve(op: nn.Conv2d, s_bCHW: Tensor) -> Tensor:
    """`op` on inputs that are 0 or 1, on a CPU."""
    return _Convolution.apply(s_bCHW, op.weight, op.bias, op)


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, s_bCHW: Tensor, weight: Tensor, bias: Tensor | None, op: nn.Conv2d) -> Tensor:
        layout = Layout(s_bCHW[None])
        bits = np.packbits(layout.flat(layout.step(s_bCHW)).to(torch.bool).numpy())
        ctx.save_for_backward(torch.from_numpy(bits), weight)
        ctx.call = layout, op, None if bias is None else bias.shape
        ctx.dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else weight.dtype
        return torch.conv2d(s_bCHW, weight, bias, op.stride, op.padding, op.dilation, op.groups)

    @staticmethod
    @first_only
    def backward(ctx: Any, g_bCHW: Tensor) -> Any:
        bits, weight = ctx.saved_tensors
        layout, op, bias = ctx.call
        flat = torch.from_numpy(np.unpackbits(bits.numpy(), count=layout.neurons)).to(ctx.dtype)
        gradients = torch.ops.aten.convolution_backward(
            g_bCHW,
            layout.shaped(flat),
            weight.to(ctx.dtype),
            bias,
            op.stride,
            op.padding,
            op.dilation,
            transposed=False,
            output_padding=(0, 0),
            groups=op.groups,
            output_mask=ctx.needs_input_grad[:3],
        )
        return *(gradient if gradient is None else gradient.to(weight.dtype) for gradient in gradients), None
