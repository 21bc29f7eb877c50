"""What the tests measure on their way, printed at the end of the run with its targets. How long something takes says much about how busy
the machine is, so no test fails by it."""

noted: list[str] = []


def note(text: str) -> None:
    """Adds a line to the measures."""
    noted.append(text)


def note_seconds(what: str, seconds: float, target_seconds: float) -> None:
    """Adds a time to the measures, and whether it is within its target."""
    note(f"{what}: {seconds:.1f} s (target {target_seconds:g} s{'' if seconds <= target_seconds else ', MISSED'})")
