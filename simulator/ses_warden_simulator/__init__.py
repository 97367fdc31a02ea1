"""A local Amazon SES: takes mail by the API, version 2, plays its recipients, and publishes the events; nothing leaves the machine.

docs/simulator.md says what it does and what it does not.
"""
