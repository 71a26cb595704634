"""The notebooks and labs of the course, in the order in which they are meant to be taken."""

from __future__ import annotations

from dataclasses import dataclass

#: A lab's required steps, and the one that is not.
STEPS = ("step 1", "step 2", "step 3")
OPTIONAL = "step 4"


@dataclass(frozen=True)
class Item:
    """One notebook or lab: its file's stem, what it is called, the minutes it takes."""

    stem: str
    title: str
    minutes: int

    @property
    def lab(self) -> bool:
        """Whether it is a lab."""
        return self.stem.startswith("lab-")

    @property
    def folder(self) -> str:
        """The folder of its file in the course."""
        return "labs" if self.lab else "notebooks"

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.stem}.ipynb"

    def link(self, notebook: str | None = None) -> str:
        """Its address as seen from `notebook`, a file's name; unknown ones lie beside 00."""
        asks = "labs" if any(i.lab and i.file == notebook for i in OUTLINE) else "notebooks"
        return self.file if self.folder == asks else f"../{self.folder}/{self.file}"


OUTLINE = (
    Item("00-start-here", "00 Start here", 10),
    Item("01-what-are-threads", "01 What are threads?", 35),
    Item("lab-1-what-are-threads", "Lab 1: What are threads?", 30),
    Item("02-key-differences", "02 Key differences", 30),
    Item("lab-2-key-differences", "Lab 2: Key differences", 30),
    Item("03-when-to-use-async", "03 When to use async", 40),
    Item("lab-3-when-to-use-async", "Lab 3: When to use async", 30),
    Item("04-when-to-use-threads", "04 When to use threads", 45),
    Item("lab-4-when-to-use-threads", "Lab 4: When to use threads", 30),
    Item("05-combining-async-and-threads", "05 Combining async and threads", 90),
    Item("lab-5-combining", "Lab 5: Combining async and threads", 30),
    Item("06-summary", "06 Summary", 40),
    Item("lab-6-summary", "Lab 6: Summary", 35),
    Item("07-beyond-one-machine", "07 Beyond one machine", 25),
)
