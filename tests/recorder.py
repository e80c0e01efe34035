"""An observer that keeps what it is told, and asks trainings to stop where a test wants it."""

from snn.core.observer import Observer, Progress


class Recorder(Observer):
    """`told`: everything in order, as (kind, what). `stop_after`: so many epochs end a training, in this process."""

    def __init__(self, stop_after=None, checkpoints=True):
        self.told, self.asked = [], 0
        self.stop_after, self.checkpoints = stop_after, checkpoints

    def of(self, kind):
        """What was told of one kind."""
        return [what for found, what in self.told if found == kind]

    def progress(self, total, unit, done=0, title=""):
        self.told.append(("progress", (total, unit, done)))
        return _Recorded(self.told)

    def result(self, line):
        self.told.append(("result", line))

    def warning(self, line):
        self.told.append(("warning", line))

    def stop_requested(self):
        self.asked += 1
        return self.asked == self.stop_after

    def checkpoint_now(self):
        return self.checkpoints


class _Recorded(Progress):
    def __init__(self, told):
        self._told = told

    def step(self, line=""):
        self._told.append(("step", line))
