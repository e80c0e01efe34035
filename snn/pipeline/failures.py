"""What can be told of an exception of torch in a training, whose own words do not name its cause. No torch.

It is told here, since code of training names runs.
"""

import inspect
import traceback
from pathlib import Path

from snn.config.read import short
from snn.core.errors import InputError
from snn.pipeline.job import Job
from snn.pipeline.jobs.train import Train

ONE_SAMPLE = "Expected more than 1 value per channel when training"
LOSSES = {  # what torch says of a loss that it cannot differentiate -> what to do
    "grad can be implicitly created only for scalar outputs": "yield one number, as by .mean()",
    "element 0 of tensors does not require grad": "yield a loss that depends on the weights, without detach or no_grad",
    "Trying to backward through the graph a second time": "detach what is kept from one loss to the next",
}
WHILE = "while differentiating a loss that "  # how the note of an exception begins


def explain(error: Exception, job: Job) -> None:
    """Raise InputError in place of an exception with a known cause; of others, note whose loss was differentiated."""
    if ONE_SAMPLE in str(error):
        what = "leaves a last batch of one sample, of which batch norm cannot take a variance"
        raise InputError(job.folder, what, "choose another batch, or share of validation data") from error
    if not isinstance(job, Train) or not _differentiated(error):
        return
    rule = short(Path(inspect.getfile(type(job.rule))))
    for words, remedy in LOSSES.items():
        if words in str(error):
            raise InputError(rule, f"yields a loss that cannot be differentiated ({words})", remedy) from error
    error.add_note(f"{WHILE}{rule} yielded")


def _differentiated(error: Exception) -> bool:
    """Whether torch was differentiating, on call of the loop of training; an exception of a rule names its line."""
    frames = traceback.extract_tb(error.__traceback__)
    loop = next((i for i, frame in enumerate(frames) if frame.filename.endswith("snn/training/loop.py")), len(frames))
    return any(frame.name == "backward" for frame in frames[loop:]) and not any(
        "/snn/rules/" in frame.filename for frame in frames
    )
