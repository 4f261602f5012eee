"""What attention costs: time, memory, operations and energy, and how they grow with the length."""
