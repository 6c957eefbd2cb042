"""No code of the product makes a TLS connection without judging the far side's certificate."""

import ast

import pytest
from conftest import ROOT

FORBIDDEN = {"CERT_NONE", "CERT_OPTIONAL"}
PRODUCT = [path for top in ("firmware", "board", "modules") for path in (ROOT / top).rglob("*.py")]


def offences(text):
    """Names and numbers by which a certificate would not be judged."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and node.attr in FORBIDDEN:
            found.append(node.attr)
        elif isinstance(node, ast.Name) and node.id in FORBIDDEN:
            found.append(node.id)
        elif isinstance(node, ast.Constant) and node.value in FORBIDDEN:
            found.append(node.value)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                is_mode = isinstance(target, ast.Attribute) and target.attr == "verify_mode"
                if is_mode and getattr(node.value, "attr", "") != "CERT_REQUIRED":
                    found.append("verify_mode")
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            names = [word.arg for word in node.keywords]
            if "cert_reqs" in names or (name == "wrap_socket" and "server_hostname" not in names):
                found.append(name)
    return found


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_certificates_are_judged(path):
    assert offences(path.read_text()) == []


def test_the_rule_catches_an_offence():
    for text in (
        "context.verify_mode = ssl.CERT_NONE",
        "context.verify_mode = 0",
        "from ssl import CERT_NONE\nx = CERT_NONE",
        "getattr(ssl, 'CERT_OPTIONAL')",
        "ssl.wrap_socket(sock)",
        "context.wrap_socket(sock, do_handshake_on_connect=False)",
        "ssl.wrap_socket(sock, cert_reqs=0, server_hostname=host)",
    ):
        assert offences(text), text
    assert not offences("context.verify_mode = ssl.CERT_REQUIRED")
