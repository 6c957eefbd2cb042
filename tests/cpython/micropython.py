"""Stand-in for the `micropython` module, so that pure logic imports under CPython."""


def const(value):
    return value


def _same(function):
    return function


viper = native = _same


def heap_lock():
    pass


def heap_unlock():
    return 0


def schedule(function, argument):
    function(argument)
