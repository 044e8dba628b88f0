# SPDX-License-Identifier: GPL-2.0-only
"""tcpcrypt as RFC 8548 describes it, written from the RFC alone: the key
schedule, Init messages and frames, with every field within the caller's reach.
"""
import hmac
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

P256, P521, X25519, X448 = 0x21, 0x22, 0x23, 0x24
AES128, AES256, CHACHA = 0x0001, 0x0002, 0x0010
INIT1, INIT2 = 0x15101a0e, 0x097105e0
NEXTK, SESSID, REKEY, KEY_A, KEY_B, RESUME = (bytes([i]) for i in range(1, 7))
K_LEN = 32
FINP, URGP = 1, 2

# key length, constructor; every nonce is 12 bytes (table 3)
AEADS = {AES128: (16, AESGCM), AES256: (32, AESGCM), CHACHA: (32, ChaCha20Poly1305)}
NONCE = 12
TAG = 16


def hmac256(key, data):
    return hmac.digest(key, data, 'sha256')


def extract(salt, ikm):
    """HKDF-Extract, figure 1."""
    return hmac256(salt, ikm)


def cprf(key, const, length):
    """HKDF-Expand, figure 1."""
    okm, t, n = b'', b'', 1
    while len(okm) < length:
        t = hmac256(key, t + const + bytes([n]))
        okm += t
        n += 1
    return okm[:length]


class Nist:
    """ECDHE-P256 and ECDHE-P521, section 5."""

    def __init__(self, curve, private=None):
        self.curve = curve
        self.key = (ec.derive_private_key(int.from_bytes(private, 'big'), curve)
                    if private else ec.generate_private_key(curve))

    @property
    def point(self):
        return self.key.public_key().public_bytes(
            Encoding.X962, PublicFormat.CompressedPoint)

    @property
    def field(self):
        """What stands in the Init message; pubkey_len counts itself."""
        return struct.pack('>H', len(self.point) + 2) + self.point

    def agree(self, field):
        peer = ec.EllipticCurvePublicKey.from_encoded_point(self.curve, field[2:])
        return self.key.exchange(ec.ECDH(), peer)


class Montgomery:
    """ECDHE-Curve25519 and ECDHE-Curve448, section 5."""

    def __init__(self, private_class, public_class, private=None):
        self.public_class = public_class
        self.key = (private_class.from_private_bytes(private) if private
                    else private_class.generate())

    @property
    def field(self):
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def agree(self, field):
        return self.key.exchange(self.public_class.from_public_bytes(field))


def key_pair(tep, private=None):
    if tep == P256:
        return Nist(ec.SECP256R1(), private)
    if tep == P521:
        return Nist(ec.SECP521R1(), private)
    if tep == X25519:
        return Montgomery(x25519.X25519PrivateKey, x25519.X25519PublicKey, private)
    return Montgomery(x448.X448PrivateKey, x448.X448PublicKey, private)


FIELD_LEN = {P256: 35, P521: 69, X25519: 32, X448: 56}


def init1(ciphers, nonce, field, ignored=b'', magic=INIT1, length=None, count=None):
    """Section 4.1; every field can be made wrong."""
    body = bytes([len(ciphers) if count is None else count])
    body += b''.join(struct.pack('>H', c) for c in ciphers)
    body += nonce + field + ignored
    return struct.pack('>II', magic, 8 + len(body) if length is None else length) + body


def init2(cipher, nonce, field, ignored=b'', magic=INIT2, length=None):
    body = struct.pack('>H', cipher) + nonce + field + ignored
    return struct.pack('>II', magic, 8 + len(body) if length is None else length) + body


def parse_init1(tep, msg):
    """Strict: what the RFC says a sender must do is asserted."""
    magic, length, count = struct.unpack_from('>IIB', msg)
    assert magic == INIT1, 'Init1 magic'
    assert length == len(msg), 'Init1 message_len'
    ciphers = list(struct.unpack_from('>%dH' % count, msg, 9))
    pos = 9 + 2 * count
    assert length == pos + 32 + FIELD_LEN[tep], 'Init1: the ignored field is empty'
    check_field(tep, msg[pos + 32:])
    return ciphers, msg[pos:pos + 32], msg[pos + 32:]


def parse_init2(tep, msg):
    magic, length, cipher = struct.unpack_from('>IIH', msg)
    assert magic == INIT2, 'Init2 magic'
    assert length == len(msg), 'Init2 message_len'
    assert length == 10 + 32 + FIELD_LEN[tep], 'Init2: the ignored field is empty'
    check_field(tep, msg[42:])
    return cipher, msg[10:42], msg[42:]


def check_field(tep, field):
    if tep in (P256, P521):
        assert struct.unpack_from('>H', field)[0] == len(field), 'pubkey_len'
        assert field[2] in (2, 3), 'compressed format'


def prk(n_a, transcript, msg1, msg2, es):
    """Section 3.3."""
    return extract(n_a, transcript + msg1 + msg2 + es)


def resume_id(ss):
    return cprf(ss, RESUME, 18)


def next_secret(ss):
    return cprf(ss, NEXTK, K_LEN)


class Session:
    """What both hosts derive from ss[i] and sn[i], sections 3.3 and 3.4."""

    def __init__(self, tep_byte, ss, aead, sn=b''):
        self.ss = ss
        self.aead = aead
        self.session_id = bytes([tep_byte]) + cprf(ss, SESSID + sn, K_LEN)
        self.mk = [cprf(ss, REKEY + sn, K_LEN)]

    def master(self, generation):
        while len(self.mk) <= generation:
            self.mk.append(cprf(self.mk[-1], REKEY, K_LEN))
        return self.mk[generation]

    def traffic(self, of_a, generation):
        key_len = AEADS[self.aead][0]
        k = cprf(self.master(generation), KEY_A if of_a else KEY_B, key_len + NONCE)
        return k[:key_len], k[key_len:]

    def stream(self, of_a, offset=0):
        return Stream(self, of_a, offset)


class Stream:
    """One direction: the frames of section 4.2."""

    def __init__(self, session, of_a, offset):
        self.session = session
        self.of_a = of_a
        self.offset = offset
        self.generation = 0

    def nonce(self, randomizer, offset):
        return bytes(a ^ b for a, b in zip(randomizer, offset.to_bytes(NONCE, 'big')))

    def cipher(self):
        key, randomizer = self.session.traffic(self.of_a, self.generation)
        return AEADS[self.session.aead][1](key), randomizer

    def seal(self, data=b'', flags=0, urgent=None, control=0, rekey=False,
             plain=None, offset=None):
        """The next frame. Nothing is refused: the caller may lie."""
        if rekey:
            self.generation += 1
            control |= 1
        if plain is None:
            if urgent is not None:
                flags |= URGP
            plain = bytes([flags])
            if urgent is not None:
                plain += struct.pack('>H', urgent)
            plain += data
        aead, randomizer = self.cipher()
        header = struct.pack('>BH', control, len(plain) + TAG)
        where = self.offset if offset is None else offset
        frame = header + aead.encrypt(self.nonce(randomizer, where), plain, header)
        self.offset += len(frame)
        return frame

    def open(self, frame):
        """(rekey, flags, urgent, data) of one whole frame, or InvalidTag."""
        control, clen = struct.unpack_from('>BH', frame)
        assert not control & 0xfe, 'cres is zero'
        assert clen == len(frame) - 3, 'clen'
        if control & 1:
            self.generation += 1
        aead, randomizer = self.cipher()
        plain = aead.decrypt(self.nonce(randomizer, self.offset), frame[3:], frame[:3])
        self.offset += len(frame)
        flags = plain[0]
        assert not flags & 0xfc, 'fres is zero'
        if flags & URGP:
            return control & 1, flags, struct.unpack_from('>H', plain, 1)[0], plain[3:]
        return control & 1, flags, None, plain[1:]


def random_bytes(n):
    return os.urandom(n)


__all__ = [n for n in dir() if not n.startswith('_')] + ['InvalidTag']
