"""`_boot.py` of the virtual board: mounts the flash as `/`, then runs boot.py and main.py.

Started by tools/vboard with `micropython -i`, so that the REPL follows and sees what main.py
left in its globals. TTU_FLASH is the image; TTU_SKIP_MAIN says the REPL is in raw mode, and
then, as on any board, main.py stays out.
"""


def _mount():
    """The flash in the place of the host's files; False when it holds no file system."""
    import os

    import flash
    import shim_host

    file = shim_host.open_host(os.getenv("TTU_FLASH"), "r+b")
    chip = flash.Flash(file, file.seek(0, 2))
    if chip.is_blank():
        flash.format(chip)
    try:
        flash.mount(chip)
    except OSError as error:
        print("board: the flash holds no file system (%s): start with --fresh" % error)
        return False
    os.chdir("/")
    return True


def _run(name, names):
    """Run a script of the flash, if it is there; False when it failed or was stopped."""
    import builtins
    import os
    import sys

    import shim_host

    try:
        os.stat(name)
    except OSError:
        return True
    try:
        builtins.execfile(name, names)
    except SystemExit:
        shim_host.ask_restart("soft", 0)
    except BaseException as error:  # Ctrl-C too: the REPL comes next
        sys.print_exception(error)
        return False
    return True


def _boot(mount, run):
    import gc
    import os
    import sys

    import shim_host

    __import__("machine")  # from here on the firmware's `import machine` finds this one
    mounted = mount()
    sys.path[:] = ["", ".frozen", "/lib"]
    names = globals()
    for name in ("_mount", "_run", "_boot", "__file__"):
        del names[name]
    gc.collect()
    try:
        shim_host.tell("up %d" % gc.mem_alloc())  # Ctrl-C works from here on
        if mounted and run("boot.py", names) and not os.getenv("TTU_SKIP_MAIN"):
            run("main.py", names)
    except KeyboardInterrupt:
        pass  # between the scripts there is nothing to break


_boot(_mount, _run)
