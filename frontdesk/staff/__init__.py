"""The people of the clinic: accounts, roles, signing in, the frame of their pages."""
