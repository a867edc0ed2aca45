"""What the program does, one job a module: detect, recognize, name, remove, report, availability."""
