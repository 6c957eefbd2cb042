"""The verbs of control: what a person at the terminal selects, executes and gives up, and the
interlocks. What they do is loaded when one is first used: many terminals operate nothing."""

_VERBS = (
    ("control()", "outputs that can be operated, and what is going on", 1),
    ("select('control-4.q1', 'open')", "the first step of an operation", 2),
    ("execute()", "the second step: it moves", 0),
    ("cancel()", "gives the selection up", 0),
    (
        "interlock('control-4.q1', 'close', 'control-4.q2', '=', 1)",
        "allows it only while that is so; all of them; ('remove', 1)",
        5,
    ),
)


def make(verb):
    """(control, select, execute, cancel, interlock) by the decorator of a Verbs."""
    return tuple([verb(*row)(_later(row[0].split("(")[0])) for row in _VERBS])


def _later(name):
    def answer(terminal, *words):
        from firmware.console import control_answers

        return getattr(control_answers, name)(terminal, *words)

    return answer
