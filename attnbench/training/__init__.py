"""How a model is trained: recipe, loss, one step, the loop, the checkpoint."""
