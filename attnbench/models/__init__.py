"""The models in which attention is studied."""
