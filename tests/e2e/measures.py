"""What the tests measure on their way, printed at the end of the run."""

noted: list[str] = []


def note(text: str) -> None:
    """Adds a line to the measures."""
    noted.append(text)
