"""The cost of attention: time, memory, operations and energy, and how they grow with the length."""
