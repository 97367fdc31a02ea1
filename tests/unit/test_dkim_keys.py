"""DKIM keys as the DNS has them."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from ses_warden.domain.dkim_keys import DkimKey, read_key
from tests.audit_zones import key_text

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
BARE = base64.b64encode(KEY.public_bytes(Encoding.DER, PublicFormat.PKCS1)).decode()
# Of RFC 8463, section A.2.
CURVE = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


@pytest.mark.parametrize(
    ("record", "key"),
    [
        (f"v=DKIM1; k=rsa; p={key_text()}", DkimKey(bits=2048)),
        (f"p={key_text(1024)}", DkimKey(bits=1024)),
        (f"p={BARE}", DkimKey(bits=2048)),
        (f"v=DKIM1; p={key_text()[:40]} {key_text()[40:]}", DkimKey(bits=2048)),
        (f"v=DKIM1; k=ed25519; p={CURVE}", DkimKey("ed25519", 256)),
        (f"v=DKIM1; t=y:s; p={key_text()}", DkimKey(bits=2048, testing=True)),
        (f"v=DKIM1; t=s; p={key_text()}", DkimKey(bits=2048)),
        ("v=DKIM1; p=", DkimKey(revoked=True)),
        ("v=DKIM1; p=!!!!", DkimKey(error="it is not base64")),
        (f"v=DKIM1; p={key_text()[:100]}", DkimKey(error="it is no RSA key")),
        ("v=DKIM1; p=AAAA", DkimKey(error="it is no RSA key")),
        ("v=DKIM1", None),
        ("v=DKIM2; p=AAAA", None),
        ("v=spf1 -all", None),
        ("", None),
    ],
)
def test_a_key_is_read(record: str, key: DkimKey | None) -> None:
    """Its kind and length; that it is revoked or tested; or why it cannot be used."""
    assert read_key(record) == key


@given(st.text(max_size=300))
def test_no_text_is_too_odd(text: str) -> None:
    """It is a key or none."""
    for record in (text, f"p={text}", f"v=DKIM1; p={base64.b64encode(text.encode('utf-8', 'replace')).decode()}"):
        assert isinstance(read_key(record), DkimKey | None)
