"""The verbs of what is kept: curves and freezes. What they do is loaded when one is first used."""

_NAMED = ("hours", "until")


def make(verb):
    """(curve, freezes) by the decorator of a Verbs."""

    @verb("curve('meter', 'ep', hours=24)", "a quantity of a device, by quarters", 2, True, _NAMED)
    def curve(terminal, device=None, quantity=None, **named):
        from firmware.console import history_answers

        return history_answers.curve(terminal, device, quantity, **named)

    @verb("freezes('daily', 'meter')", "registers at the ends of days and months", 2)
    def freezes(terminal, kind=None, device=None):
        from firmware.console import history_answers

        return history_answers.freezes(terminal, kind, device)

    return curve, freezes
