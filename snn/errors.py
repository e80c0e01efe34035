"""The one way this project says no: what, in which file or under which key, and what to do."""


class InputError(Exception):
    """Bad input, refused in one line: ``<where>: <what>; <do>``."""

    exit_code = 2

    def __init__(self, where: object, what: str, do: str):
        self.what = what
        super().__init__(" ".join(f"{where}: {what}; {do}".split()))


class PlanChanged(InputError):
    """A job finds other parameters or code than it was planned with. Retrying cannot help, hence its own exit code."""

    exit_code = 3
