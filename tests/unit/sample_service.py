"""The smallest service, for `test_services`."""

import json
import signal
import threading
import time

from helpers.services.keeper import Keeper, configuration

asked = configuration()
if asked.get("fail") == "crash":
    1 / 0  # noqa: B018
if asked.get("fail") == "refuse":
    print(json.dumps({"refused": "No room here."}), flush=True)
    raise SystemExit
keeper = Keeper()
(keeper.folder / "left").touch()
if asked.get("fail") == "late":
    keeper.at_end(lambda: time.sleep(0.5))  # the end takes longer than the main thread's
    threading.Thread(target=keeper.end, daemon=True).start()
    time.sleep(0.2)
    raise SystemExit
if asked.get("fail") == "slow":
    time.sleep(60)
if asked.get("fail") == "in the middle":
    raise SystemExit
keeper.announce(port=asked["port"])
signal.pause()
