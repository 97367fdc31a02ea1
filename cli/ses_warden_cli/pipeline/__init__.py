"""`replay` and `redrive`."""
