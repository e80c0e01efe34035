"""What a computation reports: on a terminal a bar, elsewhere lines."""

import io

import pytest

from snn.core.observer import TERMINAL, Observer


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def work(observer):
    with observer.progress(3, "epoch", done=1) as progress:
        for value in (0.5, 0.75):
            progress.step(f"validation {value}")
    with observer.progress(2, "sample", title="digits") as progress:
        progress.step()
        progress.step()
    observer.result("it is done")
    observer.warning("it was slow")


def test_without_a_terminal_every_step_that_says_something_is_a_line(capsys):
    work(TERMINAL)
    assert capsys.readouterr().out.splitlines() == [
        "epoch 2/3  validation 0.5",
        "epoch 3/3  validation 0.75",
        "it is done",
        "warning: it was slow",
    ]


def test_on_a_terminal_steps_move_a_bar_and_results_and_warnings_are_lines(capsys, monkeypatch):
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    work(TERMINAL)
    assert capsys.readouterr().out.splitlines() == ["it is done", "warning: it was slow"]
    assert "3/3" in screen.getvalue()
    assert "digits" in screen.getvalue()
    assert "2/2" in screen.getvalue()


def test_the_base_of_all_observers_is_silent_lets_everything_run_and_keeps_every_checkpoint(capsys):
    observer = Observer()
    work(observer)
    assert capsys.readouterr() == ("", "")
    assert (observer.stop_requested(), observer.checkpoint_now()) == (False, True)


def test_a_bar_is_closed_when_the_work_fails(monkeypatch):
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    with pytest.raises(ValueError, match="broken"), TERMINAL.progress(3, "epoch"):
        raise ValueError("broken")
    assert screen.getvalue().endswith("\n")
