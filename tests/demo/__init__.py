"""The demo: `python3 -m demo` builds a cluster before your eyes, breaks it and watches it recover; `python3 -m demo down` removes it."""
