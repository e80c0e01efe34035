"""Seeds: randomness belongs to what it is for, as (seed, epoch, purpose), and not to a process."""

import hashlib

import torch


def stream(*identity: object) -> int:
    """A seed for whatever `identity` names: randomness belongs to (seed, epoch, purpose), not to a process."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, identity)).encode()).digest()[:7])


def generator(*identity: object) -> torch.Generator:
    """A generator on the CPU, seeded by `stream`."""
    return torch.Generator().manual_seed(stream(*identity))
