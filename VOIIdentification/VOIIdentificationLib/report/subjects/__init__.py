"""How each subject is shown: columns, definitions, method text, JSON keys, curves."""
