"""The models that attention is studied in."""
