"""The smallest service, for `test_services`."""

import json
import signal

from helpers.services.keeper import Keeper, configuration

asked = configuration()
if asked.get("fail") == "crash":
    1 / 0  # noqa: B018
if asked.get("fail") == "refuse":
    print(json.dumps({"refused": "No room here."}), flush=True)
    raise SystemExit
keeper = Keeper()
(keeper.folder / "left").touch()
keeper.announce(port=asked["port"])
signal.pause()
