"""States an experiment, has the worker run it, and says what it found."""

from .compare import Experiment
from .comparison import Comparison
from .request import BadRequest, Request, make_request
from .stoppable import Progress

__all__ = ["BadRequest", "Comparison", "Experiment", "Progress", "Request", "make_request"]
