"""A device over plain HTTPS: registered with a derived key, given a certificate, known to its hub.

Microsoft's device client for Python speaks MQTT only; these are the requests of the specification, `device.json`.
"""

import base64
import time

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from common import check, derived, signature

HOST = "https://global.azure-devices-provisioning.net"


def signing_request(name, key):
    """A request for a certificate of `name`: base64 of DER."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA384())
    return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


class Device:
    """One device of a symmetric-key group."""

    def __init__(self, scope, registration, group_key, version):
        self.scope, self.registration, self.version = scope, registration, version
        self.key = derived(group_key, registration)

    def send(self, method, path, body=None, key=None):
        resource = f"{self.scope}/registrations/{self.registration}"
        headers = {"Authorization": signature(resource, key or self.key, "registration")}
        url = f"{HOST}/{resource}{path}?api-version={self.version}"
        return requests.request(method, url, json=body, headers=headers, timeout=60)

    def register(self, **more):
        """Registers, follows the operation to its end, and gives the registration's state."""
        body = {"registrationId": self.registration, **more}
        begun = self.send("PUT", "/register", body)
        check(begun.status_code == 202, begun.text)
        operation = begun.json()["operationId"]
        check(operation in begun.headers["Location"], begun.headers)
        deadline = time.time() + 60
        while time.time() < deadline:
            look = self.send("GET", f"/operations/{operation}")
            if look.status_code == 200:
                return look.json()
            check(look.status_code == 202, look.text)
            time.sleep(min(1, int(look.headers.get("retry-after", 1))))
        raise AssertionError("the registration does not end")


def prove(scope, group_key, version, hub_host, days, thumbprints):
    """A device comes in, with a key alone and then with a certificate, and everybody who must know it does."""
    device = Device(scope, "device-1", group_key, version)
    wrong = device.send("PUT", "/register", {"registrationId": "device-1"}, key=derived(group_key, "device-2"))
    check((wrong.status_code, wrong.json()["errorCode"]) == (401, 401002), wrong.text)

    plain = device.register()
    check(plain["status"] == "assigned", plain)
    check(plain["registrationState"]["assignedHub"] == hub_host, plain)
    check("issuedCertificateChain" not in plain["registrationState"], plain)

    key = ec.generate_private_key(ec.SECP384R1())
    other = device.send("PUT", "/register", {"registrationId": "device-1", "csr": signing_request("device-2", key)})
    check(other.status_code == 400, other.text)
    issued = device.register(csr=signing_request("device-1", key))
    check(issued["status"] == "assigned", issued)
    chain = [x509.load_der_x509_certificate(base64.b64decode(it)) for it in issued["registrationState"]["issuedCertificateChain"]]
    check(len(chain) == 3, chain)
    leaf, issuing, root = chain
    leaf.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)
    check(leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "device-1", leaf)
    check(leaf.public_key() == key.public_key(), "the leaf is for another key")
    valid = (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days
    check(days <= valid <= days + 1, valid)
    check(issuing.fingerprint(hashes.SHA1()).hex().upper() in thumbprints, "the hub does not know the issuing authority")

    looked = device.send("POST", "", {"registrationId": "device-1"})
    check((looked.status_code, looked.json()["status"]) == (200, "assigned"), looked.text)
    check("issuedCertificateChain" not in looked.json(), "the chain is given twice")


def known_to_hub(hub_host, key):
    """The device as its hub has it."""
    headers = {"Authorization": signature(hub_host, key, "iothubowner")}
    answer = requests.get(f"https://{hub_host}/devices/device-1?api-version=2021-04-12", headers=headers, timeout=60)
    check((answer.status_code, answer.json().get("status")) == (200, "enabled"), answer.text)
