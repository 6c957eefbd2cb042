"""Control for a person at the terminal, behind the console's verbs: remembers what was selected,
and numbers the requests. It has no more rights than any other originator that is local."""

from firmware.core.errors import ControlError

ORIGINATOR = "console"


class Desk:
    def __init__(self, door, outputs, interlocks):
        self.interlocks = interlocks  # config/interlocks.py
        self._door = door
        self._outputs = outputs

    def select(self, output, action):
        """The Ticket. ControlError when it is refused."""
        return self._door.select(output, action, ORIGINATOR, self._number())

    def execute(self):
        """What is selected here; the Operation. ControlError when it is refused."""
        self._door.look()
        ticket = self._mine()
        return self._door.execute(
            ticket.output, ticket.action, ORIGINATOR, self._number(), ticket.number
        )

    def cancel(self):
        """The Ticket of what is no longer selected. ControlError."""
        return self._door.cancel(ORIGINATOR, self._number())

    def mend(self):
        """A person accepts that the numbers of requests may have been lost."""
        self._door.mend()

    def table(self):
        """(header, rows, note): every output, and what is going on."""
        door = self._door
        door.look()
        rows = []
        for output in self._outputs.all():
            against = [door.against(output.name, action) for action in output.actions]
            rows.append(
                (output.name, output.position()) + tuple([text or "-" for text in against])
            )
        notes = []
        if door.operation:
            notes.append(str(door.operation))
        if door.selection:
            notes.append(
                "%s %s is selected by %s for %d s more"
                % (door.selection[:3] + ((door.wait_ms() + 999) // 1000,))
            )
        if door.last:
            notes.append("last: %s" % door.last)
        header = ("output", "position", "against closing", "against opening")
        return header, rows, "\n".join(notes) or "nothing is selected"

    def _number(self):
        return self._door.next_number(ORIGINATOR)

    def _mine(self):
        ticket = self._door.selection
        if ticket is None:
            raise ControlError("nothing is selected, select() comes first", "unselected")
        return ticket
