"""What SES events mean: pure code, without I/O, clock or environment."""
