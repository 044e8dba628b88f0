# SPDX-License-Identifier: GPL-2.0-only
"""The peer's own cryptography against the vectors: prints TAP. A peer that is
wrong would prove nothing about the module.
"""
import json
import os
import sys

import proto as tc

HERE = os.path.dirname(os.path.abspath(__file__))
VECTORS = os.path.join(HERE, '..', 'vectors', 'tcpcrypt-vectors.json')


def unhex(s):
    return bytes.fromhex(s)


def check_frames(session, of_a, frames):
    for f in frames:
        stream = session.stream(of_a, f['offset'])
        stream.generation = f['generation'] - (f['control'] & 1)
        assert stream.open(unhex(f['frame']))[1:] == (
            f['flags'], f['urgent'], unhex(f['data'])), 'open'
        stream = session.stream(of_a, f['offset'])
        stream.generation = f['generation']
        assert stream.seal(plain=unhex(f['plaintext']), control=f['control']) == \
            unhex(f['frame']), 'seal'


def check_exchange(v):
    tep, aead = v['tep'], v['aead']
    a, b = (tc.key_pair(tep, unhex(v[k])) for k in ('priv_a', 'priv_b'))
    assert a.field == unhex(v['pub_a']) and b.field == unhex(v['pub_b']), 'public keys'
    es = unhex(v['es'])
    assert a.agree(b.field) == es and b.agree(a.field) == es, 'shared secret'
    m1 = tc.init1(v['ciphers'], unhex(v['n_a']), a.field, unhex(v['ignored_a']))
    m2 = tc.init2(aead, unhex(v['n_b']), b.field, unhex(v['ignored_b']))
    assert m1 == unhex(v['init1']) and m2 == unhex(v['init2']), 'Init messages'
    prk = tc.prk(unhex(v['n_a']), unhex(v['transcript']), m1, m2, es)
    assert prk == unhex(v['prk']), 'PRK'
    session = tc.Session(tep, prk, aead)
    assert session.session_id == unhex(v['session_id']), 'session ID'
    for j, mk in enumerate(v['mk']):
        assert session.master(j) == unhex(mk), 'mk'
        assert b''.join(session.traffic(True, j)) == unhex(v['k_ab'][j]), 'k_ab'
        assert b''.join(session.traffic(False, j)) == unhex(v['k_ba'][j]), 'k_ba'
    check_frames(session, True, v['frames_ab'])
    check_frames(session, False, v['frames_ba'])
    ss = prk
    for i, want in enumerate(v['ss']):
        assert ss == unhex(want), 'ss[%d]' % i
        assert tc.resume_id(ss) == unhex(v['resume_id'][i]), 'resume[%d]' % i
        for r in v['resumed']:
            if r['i'] != i:
                continue
            again = tc.Session(tep | 0x80, ss, aead, unhex(r['sn']))
            assert again.session_id == unhex(r['session_id']), 'resumed session ID'
            check_frames(again, True, r['frames_ab'])
            check_frames(again, False, r['frames_ba'])
        ss = tc.next_secret(ss)


def main():
    with open(VECTORS, encoding='ascii') as f:
        vectors = json.load(f)['key_exchange']
    bad = 0
    for n, v in enumerate(vectors, 1):
        try:
            check_exchange(v)
            print('ok %d - the peer agrees with vector %s' % (n, v['name']))
        except (AssertionError, tc.InvalidTag) as e:
            bad += 1
            print('not ok %d - the peer agrees with vector %s: %r' % (n, v['name'], e))
    print('1..%d' % len(vectors))
    return bad != 0


if __name__ == '__main__':
    sys.exit(main())
