"""What people may tell the HPLC module to do: the driver's ORDERS, a function each. They begin
something and say so; jobs of the driver's loop carry it out.
"""

from firmware.codec import gdw1376_2 as gdw
from firmware.codec import gdw1376_2_down as down
from firmware.core.errors import SlotError
from modules.hplc import clock as clocks
from modules.hplc import desk as desks
from modules.hplc import nodes as nodes_


def _add(driver, name, job):
    if not driver.jobs.add(name, job):
        raise SlotError("%s waits already, or too much does" % name)
    return "%s begins, the view status shows it" % name


def restart(driver):
    """The route is searched anew."""
    driver.join_again()
    return _add(driver, "restart", driver.startup.route(1, driver.set_route))


def pause(driver):
    driver.is_held = True
    return _add(driver, "pause", driver.startup.route(2, driver.set_route))


def resume(driver):
    driver.is_held = False
    return _add(driver, "resume", driver.startup.route(3, driver.set_route))


def initialise(driver, what="routes"):
    """`what`: hardware, parameters (its archive) or routes."""
    names = ("hardware", "parameters", "routes")
    if what not in names:
        raise SlotError("initialise %s, not %s" % (", ".join(names), what))
    return _add(driver, "initialise", _initialise(driver, names.index(what) + 1))


def _initialise(driver, fn):
    frame = yield (gdw.INITIALISE, fn, b"", 1)
    if desks.error(frame) != desks.ACCEPTED:
        driver.log.warn("hplc", "the module did not confirm that it is initialised")
    driver.reading.stop()
    driver.routed.stop()
    driver.join_again()
    for node in range(len(driver.nodes)):
        driver.nodes.drop(node, nodes_.JOINED)
    driver.start()


def archive(driver):
    return _add(driver, "archive", driver.check())


def broadcast_time(driver):
    return _add(driver, "broadcast_time", _broadcast(driver))


def _broadcast(driver):
    nodes = driver.nodes
    spoken = [nodes.protocol(node) for node in range(len(nodes))]
    unit = down.encode(gdw.CONTROL, 101, {"time": clocks.digits(driver.moment())})
    yield (gdw.CONTROL, 101, unit, 1)
    for unit in clocks.broadcasts(driver.moment(), 2 in spoken, 3 in spoken):
        yield (gdw.CONTROL, 3, unit, 1)


def file(driver, path, file=3):
    if driver.jobs.has("file"):
        raise SlotError("a file is on its way already")
    driver.transfer.begin(path, file)
    return _add(driver, "file", driver.transfer.run())
