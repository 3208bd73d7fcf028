"""``make bench-widget``: our chat widget beside two others, in one run."""
