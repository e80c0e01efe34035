"""Generated passes in Triton on a CPU. A process of its own: Triton reads TRITON_INTERPRET when it is imported."""

from hypothesis import Phase, given, settings

from snn.model import gpu, plain
from tests.neurons import MANY, cases, equal

SMALL_BLOCK = 64  # so that small tensors take several programs, the last one partly filled


@settings(MANY, max_examples=25, phases=[Phase.generate])  # the interpreter is too slow for shrinking
@given(case=cases)
def agree(case):
    assert equal(case.passed(gpu.TRITON), case.passed(plain.PLAIN)), case


if __name__ == "__main__":
    gpu.BLOCK = SMALL_BLOCK
    agree()
