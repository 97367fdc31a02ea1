"""SES Warden from a terminal: the use cases of the functions, for people and their scripts."""
