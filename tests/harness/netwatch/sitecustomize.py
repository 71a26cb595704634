"""Notes each address outside of this machine that a process asks for, in the file NET_WATCH.

A folder of its own, to be put on PYTHONPATH: then every Python process notes, from its start.
What programs in other languages do, such as PostgreSQL's server, it does not see.
"""

import os
import sys

_LOG = os.environ.get("NET_WATCH")
_HERE = ("127.", "::1", "localhost", "::ffff:127.")


def _note(event, args):
    if event in ("socket.connect", "socket.bind", "socket.sendto"):
        address = args[1]
        if not isinstance(address, tuple):
            return  # a socket that is a file, or of the kernel's own
        host = address[0]
        if event == "socket.bind" and args[0].type & 0xF == 1 and address[1] == 0 and not host:
            return  # a client's end, before it connects
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"):
        host = args[0]
        if event == "urllib.Request":
            host = str(host).partition("://")[2].partition("/")[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else str(host)
    if host == "None" or host.startswith(_HERE):
        return
    with open(_LOG, "a", encoding="utf-8") as log:
        log.write(f"{event} {args[1:] if event.startswith('socket.') else host} "
                  f"{' '.join(sys.orig_argv[:4])[:200]}\n")  # fmt: skip


if _LOG:
    sys.addaudithook(_note)
