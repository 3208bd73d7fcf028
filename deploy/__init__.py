"""Running the product: settings, processes, the terminal chat, set-up."""
