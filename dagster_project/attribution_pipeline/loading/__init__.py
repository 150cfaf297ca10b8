"""The load: mirrors a folder of raw files into the raw schema, whole or not at all (attribution rules, section 1)."""
