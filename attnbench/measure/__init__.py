"""What is measured: the quality of translations, the cost of a step, and how cost grows with length."""
