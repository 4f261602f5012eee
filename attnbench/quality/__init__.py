"""How good a model is: BLEU, exact match, and where it looks compared with gold alignments."""
