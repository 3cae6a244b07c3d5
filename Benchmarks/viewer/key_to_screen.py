#!/usr/bin/env python3
"""How long a key takes to reach the screen while the network runs.

Opens a scan in the viewer on a pseudo-terminal and, once windows are being run, presses keys that step through slices. A
time is from writing the key to the last byte of the frame that answers it: a terminal or SSH adds its own. Python's
standard library is enough.

    python3 Benchmarks/viewer/key_to_screen.py .build/release/canalis big.nii --size 200x50
"""

import argparse
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import time

# A frame that answers a key has more bytes than a line of progress; it is over when nothing came for so long.
LEAST_BYTES = 400
SILENCE_SECONDS = 0.003


def open_viewer(program, scan, folder, columns, rows):
    """Starts the viewer without keeping anything outside the folder; returns its process and terminal."""
    process, terminal = pty.fork()
    if process == 0:
        os.environ.update(TERM="xterm-256color", XDG_CACHE_HOME=folder, XDG_STATE_HOME=folder)
        session = os.path.join(folder, "session.jsonl")
        os.execv(program, [program, scan, "--session", session, "--disk-limit", "0"])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.kill(process, signal.SIGWINCH)
    return process, terminal


def is_readable(terminal, seconds):
    return bool(select.select([terminal], [], [], seconds)[0])


def wait_for(terminal, text, seconds):
    """Reads until a text was shown; the viewer's progress is plain bytes between colour changes."""
    shown = b""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_readable(terminal, 0.1):
            shown += os.read(terminal, 65536)
        if text in shown:
            return
    sys.exit(f"the viewer did not show {text.decode()!r} in {seconds} s; is the scan large enough to take a while?")


def drain(terminal):
    """Reads until the viewer has closed its side: it gives the terminal back with more bytes than fit in between."""
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:
        pass


def time_key(terminal, key):
    """Returns the milliseconds from a key to the end of its frame, and the frame's bytes."""
    while is_readable(terminal, 0.004):
        os.read(terminal, 65536)
    start = time.perf_counter()
    os.write(terminal, key)
    received, last = 0, start
    while is_readable(terminal, SILENCE_SECONDS if received > LEAST_BYTES else 5):
        received += len(os.read(terminal, 65536))
        last = time.perf_counter()
    return (last - start) * 1000, received


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("scan")
    parser.add_argument("--size", default="80x24", help="columns x rows")
    parser.add_argument("--keys", type=int, default=120)
    arguments = parser.parse_args()
    columns, rows = (int(number) for number in arguments.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        process, terminal = open_viewer(arguments.program, arguments.scan, folder, columns, rows)
        try:
            wait_for(terminal, b"window", 60)
            times, sizes = [], []
            for number in range(arguments.keys):
                milliseconds, received = time_key(terminal, b"]" if number % 40 < 20 else b"[")
                times.append(milliseconds)
                sizes.append(received)
                time.sleep(0.02)
        finally:
            os.kill(process, signal.SIGTERM)
            drain(terminal)
            os.waitpid(process, 0)
    times.sort()
    print(
        f"{arguments.size}, {len(times)} keys: p50 {times[len(times) // 2]:.1f} ms, "
        f"p95 {times[len(times) * 95 // 100]:.1f} ms, longest {times[-1]:.1f} ms, "
        f"{sorted(sizes)[len(sizes) // 2]} bytes a frame"
    )


if __name__ == "__main__":
    main()
