"""``python -m helpers.worker``: the worker process."""

import sys

from .zygote import main

main(sys.argv[1:])
