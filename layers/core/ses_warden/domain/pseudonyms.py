"""What stands in a row in place of an address that was erased: it is found by who knows the address and the key, and names nobody.

Source: https://www.rfc-editor.org/rfc/rfc2104 (HMAC)
"""

import hashlib
import hmac
import re

PREFIX = "hmac:"
_PSEUDONYM = re.compile(r"hmac:[0-9a-f]{64}")


def is_pseudonym(address: str) -> bool:
    """Whether it stands in place of an address."""
    return bool(_PSEUDONYM.fullmatch(address))


def pseudonym(key: bytes, address_key: str) -> str:
    """`hmac:` and the HMAC-SHA256 of an address key (`Address.key`), as 64 hexadecimal digits."""
    return PREFIX + hmac.digest(key, address_key.encode("utf-8", "replace"), hashlib.sha256).hex()
