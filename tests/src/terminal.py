"""Drives a terminal as pexpect does, told by lines of JSON on standard input.

Its one argument is JSON too: {"command": [...]} or {"device": "..."}.
"""
import json
import os
import sys

import pexpect
import pexpect.fdpexpect

told = json.loads(sys.argv[1])
if "command" in told:
    command, *arguments = told["command"]
    terminal = pexpect.spawn(command, arguments, dimensions=(24, 80))
    # Nothing is sent before the other side has switched its echo off.
    terminal.delaybeforesend = 0.1
else:
    device = os.open(told["device"], os.O_RDWR | os.O_NOCTTY)
    terminal = pexpect.fdpexpect.fdspawn(device)
    terminal.delaybeforesend = 0

for line in sys.stdin:
    step = json.loads(line)
    try:
        if "send" in step:
            terminal.send(step["send"])
            said = {}
        elif "end" in step:
            terminal.expect(pexpect.EOF, timeout=60)
            terminal.close()
            said = {"before": terminal.before.decode(), "code": getattr(terminal, "exitstatus", None)}
        else:
            terminal.expect_exact(step["expect"], timeout=step["seconds"])
            said = {"before": terminal.before.decode()}
    except (pexpect.EOF, pexpect.TIMEOUT) as error:
        said = {"fault": type(error).__name__, "before": terminal.before.decode(errors="replace")}
    print(json.dumps(said), flush=True)
