"""Seeds derived from what the random numbers are for, such as (seed, epoch, purpose), and not from a process."""

import hashlib

import torch


def stream(*identity: object) -> int:
    """A 56-bit seed: the same for the same `identity`, independent of what was drawn before."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, identity)).encode()).digest()[:7])


def generator(*identity: object) -> torch.Generator:
    """A generator on the CPU, seeded with `stream`."""
    return torch.Generator().manual_seed(stream(*identity))
