"""What was predicted and measured, kept in one file of the learner's. Sent nowhere.

Only the standard library, plain data and files: no widgets, no pictures.
"""

from .diary import Diary, entries, note, shared_diary
from .entry import Entry

__all__ = ["Diary", "Entry", "entries", "note", "shared_diary"]
