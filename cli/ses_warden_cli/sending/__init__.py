"""`pause`, `resume` and `status`."""
