"""Other clients' wire formats, spoken over the same tree, rows and rules."""
