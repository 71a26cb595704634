"""The exit quiz of each notebook: a TOML file each, and what reads and settles them."""

from .plan import BadQuiz, Miss, Option, Question, Quiz, read
from .shelf import NAMES, find

__all__ = ["NAMES", "BadQuiz", "Miss", "Option", "Question", "Quiz", "find", "read"]
