"""A serial cable: two terminal devices, and at most so many octets a second each way.

Arguments: the path of either end, and the octets a second.
"""
import os
import select
import sys
import time
import tty

TICKS = 20

paths, rate = sys.argv[1:3], int(sys.argv[3])
ends = []
for path in paths:
    near, far = os.openpty()
    tty.setraw(far)
    os.set_blocking(near, False)
    os.symlink(os.ttyname(far), path)
    # Kept open, so that an end that nobody uses is a cable that hangs loose.
    ends.append((near, far))
print("ready", flush=True)
while True:
    time.sleep(1 / TICKS)
    for (source, _), (sink, _) in (ends, ends[::-1]):
        ready, _, _ = select.select([source], [], [], 0)
        _, free, _ = select.select([], [sink], [], 0)
        if ready and free:
            octets = os.read(source, rate // TICKS)
            while octets:
                try:
                    octets = octets[os.write(sink, octets):]
                except BlockingIOError:
                    time.sleep(1 / TICKS)
