"""Random augmentation of training samples: crop, mirror, roll, rotate, cut out. All frames of a sample change alike."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from snn.config import Augment


def augmented(x_BX: Tensor, augment: Augment, generator: torch.Generator) -> Tensor:
    """Samples (B, C, H, W) or (B, T, C, H, W), each rolled, padded and cropped, mirrored and rotated at random.

    Type and shape stay the same. Random numbers come from `generator` on the CPU.
    """
    if augment.shift or augment.roll or augment.flip:
        x_BX = _moved(x_BX, augment, generator)
    return _rotated(x_BX, augment.rotation, generator) if augment.rotation else x_BX


def _moved(x_BX: Tensor, augment: Augment, generator: torch.Generator) -> Tensor:
    batch, (height, width), device = len(x_BX), x_BX.shape[-2:], x_BX.device
    rows_BH, columns_BW = (torch.arange(size, device=device).expand(batch, size) for size in (height, width))
    s, r = augment.shift, augment.roll
    if r:
        rolls = torch.randint(-r, r + 1, (2, batch, 1), generator=generator).to(device)
        rows_BH, columns_BW = (rows_BH - rolls[0]) % height, (columns_BW - rolls[1]) % width
    if s:
        offsets = torch.randint(2 * s + 1, (2, batch, 1), generator=generator).to(device)
        rows_BH, columns_BW = rows_BH + offsets[0], columns_BW + offsets[1]
    if augment.flip:
        mirror_B1 = (torch.rand(batch, generator=generator) < 0.5).to(device)[:, None]
        columns_BW = torch.where(mirror_B1, columns_BW.flip(1), columns_BW)
    padded_BPHW = F.pad(x_BX, (s, s, s, s)).flatten(1, -3)
    wide_BPHW = padded_BPHW.gather(2, rows_BH[:, None, :, None].expand(-1, padded_BPHW.shape[1], -1, width + 2 * s))
    return wide_BPHW.gather(3, columns_BW[:, None, None].expand(-1, wide_BPHW.shape[1], height, -1)).view(x_BX.shape)


def _rotated(x_BX: Tensor, degrees: float, generator: torch.Generator) -> Tensor:
    """Each sample turned around its centre by an angle from U(-degrees, degrees), to the nearest pixel."""
    maps_BPHW, aspect = x_BX.flatten(1, -3), x_BX.shape[-1] / x_BX.shape[-2]
    angle_B = (2 * torch.rand(len(x_BX), generator=generator) - 1) * math.radians(degrees)
    cos_B, sin_B, zero_B = angle_B.cos(), angle_B.sin(), torch.zeros_like(angle_B)
    # coordinates of a grid run from -1 to 1 along both axes, so those of a wide image need its aspect
    inverse_B6 = torch.stack((cos_B, -sin_B / aspect, zero_B, sin_B * aspect, cos_B, zero_B), 1).to(x_BX.device)
    grid_BHW2 = F.affine_grid(inverse_B6.view(-1, 2, 3), list(maps_BPHW.shape), align_corners=False)
    turned_BPHW = F.grid_sample(maps_BPHW.to(grid_BHW2.dtype), grid_BHW2, mode="nearest", align_corners=False)
    return turned_BPHW.to(x_BX.dtype).view(x_BX.shape)


def cut_out(x: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """Set a square of side `size` around a random pixel of each sample to zero, in all channels and frames.

    `x` is (B, C, H, W) or (T, B, C, H, W); zero is its mean if it is standardised. The square may reach beyond the
    border. Source: DeVries and Taylor, 2017.
    """
    if not size:
        return x
    batch, (height, width) = x.shape[-4], x.shape[-2:]
    axes = []
    for length in (height, width):
        first_B1 = (torch.randint(length, (batch, 1), generator=generator) - size // 2).to(x.device)
        position_L = torch.arange(length, device=x.device)
        axes.append((position_L >= first_B1) & (position_L < first_B1 + size))
    keep_BHW = ~(axes[0][:, :, None] & axes[1][:, None, :])
    return x * keep_BHW[:, None]
