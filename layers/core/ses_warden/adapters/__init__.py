"""The only callers of AWS: one module for each service."""
