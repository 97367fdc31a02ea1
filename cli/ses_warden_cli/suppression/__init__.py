"""The commands about who must not be mailed."""
