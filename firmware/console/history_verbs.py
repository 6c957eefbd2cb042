"""The verbs of what is kept: curves, freezes, events, audit. What they do is loaded when one is
first used."""

_NAMED = ("hours", "until")


def make(verb):
    """(curve, freezes, events, audit) by the decorator of a Verbs."""

    @verb("curve('meter', 'ep', hours=24)", "a quantity of a device, by quarters", 2, True, _NAMED)
    def curve(terminal, device=None, quantity=None, **named):
        from firmware.console import history_answers

        return history_answers.curve(terminal, device, quantity, **named)

    @verb("freezes('daily', 'meter')", "registers at the ends of days and months", 2)
    def freezes(terminal, kind=None, device=None):
        from firmware.console import history_answers

        return history_answers.freezes(terminal, kind, device)

    @verb("events(10, 'supply')", "the last events of this boot; of a class: of all boots", 2)
    def events(terminal, n=10, kind=None):
        from firmware.console import event_answers

        return event_answers.events(terminal, n, kind)

    @verb("audit(10)", "who changed what; audit('verify') checks that it is whole", 1)
    def audit(terminal, n=10):
        from firmware.console import event_answers

        return event_answers.audit(terminal, n)

    return curve, freezes, events, audit
