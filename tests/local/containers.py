"""What the stage needs of Docker: the address at which containers reach this machine, and SAM's containers."""

import ipaddress
import json
import subprocess
from typing import Any

# The label that SAM CLI puts on each container of a function.
LABEL = "sam.cli.container.type=lambda"


def bridge_gateway() -> str:
    """The address of this machine on Docker's default bridge; SAM's containers cannot reach 127.0.0.1 here."""
    network: Any = json.loads(_docker("network", "inspect", "bridge"))[0]
    configuration = network["IPAM"]["Config"][0]
    # an engine that nobody configured names its subnet only, and takes the first address for itself
    first = next(ipaddress.ip_network(configuration["Subnet"]).hosts())
    return str(configuration.get("Gateway") or first)


def function_containers() -> frozenset[str]:
    """The ids of all containers, running or not, in which SAM runs functions."""
    return frozenset(_docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}").split())


def remove(containers: frozenset[str]) -> None:
    """Kill and remove these containers."""
    if containers:
        _docker("rm", "--force", *containers)


def _docker(*arguments: str) -> str:
    command = ["docker", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 -- our own words
