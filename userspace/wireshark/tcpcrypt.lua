-- SPDX-License-Identifier: GPL-2.0-only
--
-- Wireshark: the TCP-ENO option (RFC 8547), and tcpcrypt's Init messages and
-- frames (RFC 8548). Copy to ~/.local/lib/wireshark/plugins, or
--
--	tshark -X lua_script:tcpcrypt.lua -r FILE -Y 'tcpcrypt || eno'
--
-- What is inside a frame cannot be shown: that is the point of it. Unless one of
-- the hosts has its key log on (see tcpcrypt(7)), and it is at hand:
--
--	tshark -X lua_script:tcpcrypt.lua -o tcpcrypt.keylog:KEYLOG -r FILE ...

local OPT_ENO = 69
local INIT1, INIT2 = 0x15101a0e, 0x097105e0
local INIT_MAX = 4096

local teps = {
	[0x21] = "ECDHE-P256", [0x22] = "ECDHE-P521",
	[0x23] = "ECDHE-Curve25519", [0x24] = "ECDHE-Curve448",
}
local aeads = {
	[0x0001] = "AEAD_AES_128_GCM", [0x0002] = "AEAD_AES_256_GCM",
	[0x0010] = "AEAD_CHACHA20_POLY1305",
}

-- ------------------------------------------------------------------- option

local eno = Proto("eno", "TCP Encryption Negotiation Option")
local e = {}
e.bytes = ProtoField.bytes("eno.option", "Option")
e.global = ProtoField.uint8("eno.global", "Global suboption", base.HEX)
e.passive = ProtoField.bool("eno.global.b", "Passive role", 8, nil, 0x01)
e.aware = ProtoField.bool("eno.global.a", "Application aware", 8, nil, 0x02)
e.tep = ProtoField.uint8("eno.tep", "Key exchange (TEP)", base.HEX, teps, 0x7f)
e.data = ProtoField.bytes("eno.data", "Suboption data")
e.word = ProtoField.uint8("eno.length", "Length word", base.HEX)
e.ack = ProtoField.bool("eno.ack", "Acknowledges negotiation")
local e_bad = ProtoExpert.new("eno.malformed", "Malformed TCP-ENO option",
			expert.group.MALFORMED, expert.severity.WARN)
eno.fields = { e.bytes, e.global, e.passive, e.aware, e.tep, e.data, e.word, e.ack }
eno.experts = { e_bad }

local tc = Proto("tcpcrypt", "tcpcrypt")
local f_options = Field.new("tcp.options")
local f_syn = Field.new("tcp.flags.syn")
local f_ack = Field.new("tcp.flags.ack")

-- The suboptions of a SYN segment, RFC 8547 section 4.1
local function suboptions(range, tree)
	local i, n = 0, range:len()
	local length

	while i < n do
		local one = range(i, 1)
		local byte = one:uint()
		if byte < 0x20 then
			local t = tree:add(e.global, one)
			t:add(e.passive, one)
			t:add(e.aware, one)
			length = nil
			i = i + 1
		elseif byte >= 0x80 and byte < 0xa0 then
			-- How much data the next suboption has
			tree:add(e.word, one)
			length = byte % 0x20 + 1
			i = i + 1
			if i >= n or range(i, 1):uint() < 0xa0 or i + 1 + length > n then
				tree:add_proto_expert_info(e_bad)
				return
			end
		else
			local t = tree:add(e.tep, one)
			i = i + 1
			if byte >= 0x80 then
				local len = length or n - i
				if len > 0 then
					t:add(e.data, range(i, len))
				end
				i = i + len
			end
			length = nil
		end
	end
end

local function option(range, syn, tree)
	local t = tree:add(eno, range)
	t:add(e.bytes, range)
	if not syn then
		t:add(e.ack, range, true)
		t:append_text(", acknowledged")
	elseif range:len() > 2 then
		suboptions(range(2), t)
	end
end

-- After TCP has done its work: find the option among the others
function eno.dissector(tvb, pinfo, tree)
	local options, syn = f_options(), f_syn()
	if not options then
		return
	end
	local range = options.range
	local i, n = 0, range:len()
	while i < n do
		local kind = range(i, 1):uint()
		if kind == 0 then
			return
		elseif kind == 1 then
			i = i + 1
		else
			if i + 1 >= n then
				return
			end
			local len = range(i + 1, 1):uint()
			if len < 2 or i + len > n then
				return
			end
			if kind == OPT_ENO then
				option(range(i, len), syn and syn.value, tree)
				-- Whatever the port says: what follows may be ours
				if syn and syn.value and f_ack().value then
					pinfo.conversation = tc
				end
			end
			i = i + len
		end
	end
end
register_postdissector(eno)

-- ------------------------------------------------------------- cryptography
--
-- As much of it as decrypting takes, and checking of tags: a key may be another
-- connection's that had the same addresses. Strings are bytes; a block of
-- cipher is four or sixteen words of 32 bits.

local bit = bit or bit32
local band, bor, bxor, bnot = bit.band, bit.bor, bit.bxor, bit.bnot
local shl, shr, rol = bit.lshift, bit.rshift, bit.rol or bit.lrotate
local floor, char = math.floor, string.char

local function be32(s, i)
	local a, b, c, d = s:byte(i, i + 3)
	return bor(shl(a, 24), shl(b, 16), shl(c, 8), d)
end

local function put32(w)
	return char(band(shr(w, 24), 255), band(shr(w, 16), 255), band(shr(w, 8), 255), band(w, 255))
end

local function swap(w)
	return bor(shl(w, 24), shl(band(w, 0xff00), 8), band(shr(w, 8), 0xff00), shr(w, 24))
end

-- Any number modulo 2^32, as the bit operations want it
local function word(n)
	return band(n % 4294967296, -1)
end

local function xor(a, b)
	local out = {}
	for i = 1, math.min(#a, #b) do
		out[i] = char(bxor(a:byte(i), b:byte(i)))
	end
	return table.concat(out)
end

-- The first 32 bits of the fractional part of the roots of the first primes
local K, H0 = {}, {}
do
	local n, p = 0, 2
	while n < 64 do
		local prime = true
		for q = 2, floor(math.sqrt(p)) do
			prime = prime and p % q ~= 0
		end
		if prime then
			n = n + 1
			local root = p ^ (1 / 3)
			K[n] = word(floor((root - floor(root)) * 4294967296))
			if n <= 8 then
				root = math.sqrt(p)
				H0[n] = word(floor((root - floor(root)) * 4294967296))
			end
		end
		p = p + 1
	end
end

local function ror(w, n)
	return rol(w, 32 - n)
end

local function sha256(s)
	local h = {}
	for i = 1, 8 do h[i] = H0[i] end
	s = s .. "\128" .. ("\0"):rep((55 - #s) % 64) .. "\0\0\0\0" .. put32(#s * 8)
	local w = {}
	for at = 1, #s, 64 do
		for i = 1, 16 do
			w[i] = be32(s, at + 4 * (i - 1))
		end
		for i = 17, 64 do
			local x, y = w[i - 15], w[i - 2]
			w[i] = word(bxor(ror(x, 7), ror(x, 18), shr(x, 3)) + w[i - 16] + w[i - 7] +
				    bxor(ror(y, 17), ror(y, 19), shr(y, 10)))
		end
		local a, b, c, d, e, f, g, hh = h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8]
		for i = 1, 64 do
			local t = hh + bxor(ror(e, 6), ror(e, 11), ror(e, 25)) +
				bxor(band(e, f), band(bnot(e), g)) + K[i] + w[i]
			local u = bxor(ror(a, 2), ror(a, 13), ror(a, 22)) +
				bxor(band(a, b), band(a, c), band(b, c))
			hh, g, f, e, d, c, b, a = g, f, e, word(d + t), c, b, a, word(t + u)
		end
		for i, v in ipairs({ a, b, c, d, e, f, g, hh }) do
			h[i] = word(h[i] + v)
		end
	end
	for i = 1, 8 do h[i] = put32(h[i]) end
	return table.concat(h)
end

local function hmac(key, s)
	key = key .. ("\0"):rep(64 - #key)
	return sha256(xor(key, ("\92"):rep(64)) .. sha256(xor(key, ("\54"):rep(64)) .. s))
end

-- CPRF of RFC 8548: HKDF-Expand
local function cprf(key, const, len)
	local out, t = "", ""
	for i = 1, math.ceil(len / 32) do
		t = hmac(key, t .. char(const) .. char(i))
		out = out .. t
	end
	return out:sub(1, len)
end

-- AES: the S-box, and what it becomes when the columns are mixed
local sbox, mixed = {}, {}
do
	local p, q = 1, 1
	repeat
		p = band(bxor(p, shl(p, 1), p >= 128 and 0x11b or 0), 255)
		q = bxor(q, shl(q, 1))
		q = bxor(q, shl(q, 2))
		q = band(bxor(q, shl(q, 4)), 255)
		if q >= 128 then q = bxor(q, 9) end
		local x = q
		for i = 1, 4 do
			x = bxor(x, band(shl(q, i), 255), shr(q, 8 - i))
		end
		sbox[p] = bxor(x, 0x63)
	until p == 1
	sbox[0] = 0x63
	for i = 0, 255 do
		local s = sbox[i]
		local two = band(bxor(shl(s, 1), s >= 128 and 0x11b or 0), 255)
		mixed[i] = bor(shl(two, 24), shl(s, 16), shl(s, 8), bxor(two, s))
	end
end

local function subword(w)
	return bor(shl(sbox[band(shr(w, 24), 255)], 24), shl(sbox[band(shr(w, 16), 255)], 16),
		   shl(sbox[band(shr(w, 8), 255)], 8), sbox[band(w, 255)])
end

local function aes_key(key)
	local n, w, rcon = #key / 4, {}, 1
	for i = 0, n - 1 do
		w[i] = be32(key, 4 * i + 1)
	end
	for i = n, 4 * (n + 7) - 1 do
		local t = w[i - 1]
		if i % n == 0 then
			t = bxor(subword(rol(t, 8)), shl(rcon, 24))
			rcon = band(bxor(shl(rcon, 1), rcon >= 128 and 0x11b or 0), 255)
		elseif n > 6 and i % n == 4 then
			t = subword(t)
		end
		w[i] = bxor(w[i - n], t)
	end
	w.rounds = n + 6
	return w
end

local function column(a, b, c, d, k)
	return bxor(mixed[band(shr(a, 24), 255)], ror(mixed[band(shr(b, 16), 255)], 8),
		    ror(mixed[band(shr(c, 8), 255)], 16), ror(mixed[band(d, 255)], 24), k)
end

local function last(a, b, c, d, k)
	return bxor(bor(shl(sbox[band(shr(a, 24), 255)], 24), shl(sbox[band(shr(b, 16), 255)], 16),
			shl(sbox[band(shr(c, 8), 255)], 8), sbox[band(d, 255)]), k)
end

local function aes(w, a, b, c, d)
	a, b, c, d = bxor(a, w[0]), bxor(b, w[1]), bxor(c, w[2]), bxor(d, w[3])
	for r = 4, 4 * w.rounds - 4, 4 do
		a, b, c, d = column(a, b, c, d, w[r]), column(b, c, d, a, w[r + 1]),
			     column(c, d, a, b, w[r + 2]), column(d, a, b, c, w[r + 3])
	end
	local r = 4 * w.rounds
	return last(a, b, c, d, w[r]), last(b, c, d, a, w[r + 1]),
	       last(c, d, a, b, w[r + 2]), last(d, a, b, c, w[r + 3])
end

local function gcm_open(key, nonce, aad, text, tag)
	local w = aes_key(key)
	local n1, n2, n3 = be32(nonce, 1), be32(nonce, 5), be32(nonce, 9)

	-- GHASH, four bits at a time: multiples of H, and what falls off
	local m, off = { [0] = { 0, 0, 0, 0 } }, {}
	local h = { aes(w, 0, 0, 0, 0) }
	local function halve(v, n, top)
		return { bxor(shr(v[1], n), top), bor(shr(v[2], n), shl(v[1], 32 - n)),
			 bor(shr(v[3], n), shl(v[2], 32 - n)), bor(shr(v[4], n), shl(v[3], 32 - n)) }
	end
	for i = 0, 15 do
		local r = { 0, 0, 0, i }
		for _ = 1, 4 do
			r = halve(r, 1, band(r[4], 1) == 1 and 0xe1000000 or 0)
		end
		off[i] = r[1]
	end
	for _, i in ipairs({ 8, 4, 2, 1 }) do
		m[i] = h
		h = halve(h, 1, band(h[4], 1) == 1 and 0xe1000000 or 0)
	end
	for i = 3, 15 do
		if not m[i] then
			local low = band(i, -i)
			local a, b = m[low], m[i - low]
			m[i] = { bxor(a[1], b[1]), bxor(a[2], b[2]), bxor(a[3], b[3]), bxor(a[4], b[4]) }
		end
	end
	local y = { 0, 0, 0, 0 }
	local function ghash(s)
		for at = 1, #s, 16 do
			local block = s:sub(at, at + 15)
			block = block .. ("\0"):rep(16 - #block)
			local x1, x2, x3, x4 = 0, 0, 0, 0
			for i = 1, 4 do
				y[i] = bxor(y[i], be32(block, 4 * i - 3))
			end
			for i = 4, 1, -1 do
				local v = y[i]
				for n = 0, 28, 4 do
					local top = off[band(x4, 15)]
					local t = m[band(shr(v, n), 15)]
					x1, x2, x3, x4 = bxor(shr(x1, 4), top, t[1]),
						bxor(bor(shr(x2, 4), shl(x1, 28)), t[2]),
						bxor(bor(shr(x3, 4), shl(x2, 28)), t[3]),
						bxor(bor(shr(x4, 4), shl(x3, 28)), t[4])
				end
			end
			y = { x1, x2, x3, x4 }
		end
	end
	ghash(aad)
	ghash(text)
	ghash(put32(0) .. put32(#aad * 8) .. put32(0) .. put32(#text * 8))
	local a, b, c, d = aes(w, n1, n2, n3, 1)
	if put32(bxor(a, y[1])) .. put32(bxor(b, y[2])) .. put32(bxor(c, y[3])) ..
	   put32(bxor(d, y[4])) ~= tag then
		return nil
	end
	local out = {}
	for at = 1, #text, 16 do
		a, b, c, d = aes(w, n1, n2, n3, (at - 1) / 16 + 2)
		out[#out + 1] = xor(text:sub(at, at + 15), put32(a) .. put32(b) .. put32(c) .. put32(d))
	end
	return table.concat(out)
end

local function chacha(key, nonce, count)
	local s = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 }
	for i = 0, 7 do s[5 + i] = swap(be32(key, 4 * i + 1)) end
	s[13] = count
	for i = 0, 2 do s[14 + i] = swap(be32(nonce, 4 * i + 1)) end
	local x = {}
	for i = 1, 16 do x[i] = s[i] end
	local function quarter(a, b, c, d)
		x[a] = word(x[a] + x[b]) x[d] = rol(bxor(x[d], x[a]), 16)
		x[c] = word(x[c] + x[d]) x[b] = rol(bxor(x[b], x[c]), 12)
		x[a] = word(x[a] + x[b]) x[d] = rol(bxor(x[d], x[a]), 8)
		x[c] = word(x[c] + x[d]) x[b] = rol(bxor(x[b], x[c]), 7)
	end
	for _ = 1, 10 do
		for i = 1, 4 do quarter(i, i + 4, i + 8, i + 12) end
		quarter(1, 6, 11, 16)
		quarter(2, 7, 12, 13)
		quarter(3, 8, 9, 14)
		quarter(4, 5, 10, 15)
	end
	for i = 1, 16 do x[i] = put32(swap(word(x[i] + s[i]))) end
	return table.concat(x)
end

-- A number of up to 130 bits in ten digits of 13: products fit a double
local function digits(s)
	local out, acc, n = {}, 0, 0
	for i = 1, #s do
		acc = acc + s:byte(i) * 2 ^ n
		n = n + 8
		if n >= 13 then
			out[#out + 1] = acc % 8192
			acc = floor(acc / 8192)
			n = n - 13
		end
	end
	while #out < 10 do
		out[#out + 1] = acc % 8192
		acc = floor(acc / 8192)
	end
	return out
end

-- What is left above 2^130 when all digits are digits again
local function carry(h)
	local c = 0
	for i = 1, 10 do
		c = c + h[i]
		h[i] = c % 8192
		c = floor(c / 8192)
	end
	return c
end

-- It comes back five times at the bottom
local function reduce(h)
	local c = carry(h)
	h[1] = h[1] + 5 * c
end

local function poly1305(key, s)
	local r = {}
	for i = 1, 16 do
		local b = key:byte(i)
		if i % 4 == 0 then b = band(b, 15) end
		if i % 4 == 1 and i > 1 then b = band(b, 252) end
		r[i] = char(b)
	end
	r = digits(table.concat(r))
	local h = digits("")
	for at = 1, #s, 16 do
		local m = digits(s:sub(at, at + 15) .. "\1")
		local p = {}
		for i = 1, 10 do h[i] = h[i] + m[i] end
		for i = 1, 10 do
			local sum = 0
			for j = 1, 10 do
				local k = i - j + 1
				sum = sum + h[j] * (k > 0 and r[k] or 5 * r[k + 10])
			end
			p[i] = sum
		end
		h = p
		reduce(h)
	end
	reduce(h)
	reduce(h)
	carry(h)
	-- Modulo 2^130 - 5: is there a carry when 5 is added?
	local g = { (table.unpack or unpack)(h) }
	g[1] = g[1] + 5
	if carry(g) > 0 then h = g end
	local add = digits(key:sub(17, 32))
	for i = 1, 10 do h[i] = h[i] + add[i] end
	carry(h)
	local out, acc, n, next_digit = {}, 0, 0, 1
	for i = 1, 16 do
		while n < 8 do
			acc = acc + h[next_digit] * 2 ^ n
			next_digit = next_digit + 1
			n = n + 13
		end
		out[i] = char(floor(acc % 256))
		acc = floor(acc / 256)
		n = n - 8
	end
	return table.concat(out)
end

local function chacha_open(key, nonce, aad, text, tag)
	local function pad(s)
		return s .. ("\0"):rep(-#s % 16)
	end
	local mac = poly1305(chacha(key, nonce, 0):sub(1, 32),
			     pad(aad) .. pad(text) .. put32(swap(#aad)) .. put32(0) ..
			     put32(swap(#text)) .. put32(0))
	if mac ~= tag then
		return nil
	end
	local out = {}
	for at = 1, #text, 64 do
		out[#out + 1] = xor(text:sub(at, at + 63), chacha(key, nonce, (at - 1) / 64 + 1))
	end
	return table.concat(out)
end

local ciphers = {
	[0x0001] = { len = 16, open = gcm_open },
	[0x0002] = { len = 32, open = gcm_open },
	[0x0010] = { len = 32, open = chacha_open },
}

-- ------------------------------------------------------------------ key log
--
-- Lines of /proc/net/tcpcrypt_keylog, of either host:
--	TCPCRYPT laddr lport raddr rport A|B cipher session-id mk[0]

tc.prefs.keylog = Pref.string("Key log file", "",
	"What /proc/net/tcpcrypt_keylog said on one of the hosts")

local keylog = {}	-- by the addresses of sender and receiver, a list
local streams = {}	-- by number of the TCP stream and sender
local opened = {}	-- by place in the capture: what was in the frame

local function unhex(s)
	return (s:gsub("%x%x", function(x) return char(tonumber(x, 16)) end))
end

local function name(a, ap, b, bp)
	return ("%s %s %s %s"):format(a, ap, b, bp)
end

local function remember(key, entry)
	keylog[key] = keylog[key] or {}
	table.insert(keylog[key], entry)
end

local function read_keylog(path)
	local file = io.open(path)
	if not file then
		print("tcpcrypt: cannot read the key log " .. path)
		return
	end
	for line in file:lines() do
		local la, lp, ra, rp, role, aead, id, mk = line:match(
			"^TCPCRYPT (%S+) (%d+) (%S+) (%d+) ([AB]) (%x+) (%x+) (%x+)$")
		if la and #mk == 64 and ciphers[tonumber(aead, 16)] then
			local entry = { cipher = ciphers[tonumber(aead, 16)], mk = unhex(mk), id = id }
			local a, b = { host = 4 }, { host = 5 }	-- CONST_KEY_A and _B
			a.entry, b.entry = entry, entry
			remember(name(la, lp, ra, rp), role == "A" and a or b)
			remember(name(ra, rp, la, lp), role == "A" and b or a)
		end
	end
	file:close()
end

function tc.init()
	keylog, streams, opened = {}, {}, {}
	if tc.prefs.keylog ~= "" then
		read_keylog(tc.prefs.keylog)
	end
end

-- Keys of a direction, from its master key
local function set_keys(s)
	local okm = cprf(s.mk, s.host, s.cipher.len + 12)
	s.key, s.random = okm:sub(1, s.cipher.len), okm:sub(s.cipher.len + 1)
end

local function next_keys(s)
	s.mk = cprf(s.mk, 3, 32)		-- CONST_REKEY
	s.gen = s.gen + 1
	set_keys(s)
end

-- The sending direction of a packet; false when nothing can be opened in it
local function stream(pinfo, number)
	local key = name(pinfo.src, pinfo.src_port, pinfo.dst, pinfo.dst_port)
	local at = number .. " " .. key
	if streams[at] == nil then
		streams[at] = keylog[key] and { off = 0, all = keylog[key] } or false
	end
	return streams[at]
end

local function try(s, header, body)
	local id = put32(0) .. put32(floor(s.off / 4294967296)) .. put32(word(s.off))
	return s.cipher.open(s.key, xor(s.random, id), header, body:sub(1, -17), body:sub(-16))
end

-- Frames come in order, each of them once: so the generation is known
local function open(s, header, body)
	if #body < 17 or s.lost then
		return nil
	end
	local rekey = header:byte(1) % 2 == 1
	if not s.key then
		-- Connections may have had the same addresses: the tag tells.
		-- Who has only listened may answer a rekey before all else.
		for i = #s.all, 1, -1 do
			local e = s.all[i].entry
			s.host, s.cipher, s.mk, s.id, s.gen = s.all[i].host, e.cipher, e.mk, e.id, 0
			set_keys(s)
			if rekey then next_keys(s) end
			local text = try(s, header, body)
			if text then
				return text
			end
		end
		s.lost = true
		return nil
	end
	if rekey then next_keys(s) end
	local text = try(s, header, body)
	s.lost = not text
	return text
end

-- ------------------------------------------------------------------ stream

local f_stream = Field.new("tcp.stream")
local f = {}
f.magic = ProtoField.uint32("tcpcrypt.magic", "Magic", base.HEX,
			    { [INIT1] = "Init1", [INIT2] = "Init2" })
f.len = ProtoField.uint32("tcpcrypt.init.length", "Length")
f.count = ProtoField.uint8("tcpcrypt.init.ciphers", "Number of ciphers")
f.cipher = ProtoField.uint16("tcpcrypt.init.cipher", "Cipher", base.HEX, aeads)
f.nonce = ProtoField.bytes("tcpcrypt.init.nonce", "Nonce")
f.key = ProtoField.bytes("tcpcrypt.init.key", "Public key, and what follows")
f.control = ProtoField.uint8("tcpcrypt.control", "Control", base.HEX)
f.rekey = ProtoField.bool("tcpcrypt.rekey", "Rekey", 8, nil, 0x01)
f.clen = ProtoField.uint16("tcpcrypt.clen", "Length of ciphertext")
f.body = ProtoField.bytes("tcpcrypt.ciphertext", "Ciphertext")
f.id = ProtoField.string("tcpcrypt.sessid", "Session ID")
f.gen = ProtoField.uint32("tcpcrypt.generation", "Generation")
f.flags = ProtoField.uint8("tcpcrypt.flags", "Flags", base.HEX)
f.finp = ProtoField.bool("tcpcrypt.finp", "End of the data (FINp)", 8, nil, 0x01)
f.urgp = ProtoField.bool("tcpcrypt.urgp", "Urgent data (URGp)", 8, nil, 0x02)
f.urgent = ProtoField.uint16("tcpcrypt.urgent", "Urgent pointer")
f.data = ProtoField.bytes("tcpcrypt.data", "Data")
tc.fields = { f.id, f.gen, f.flags, f.finp, f.urgp, f.urgent, f.data, f.magic, f.len, f.count, f.cipher, f.nonce, f.key, f.control,
	      f.rekey, f.clen, f.body }
local f_bad = ProtoExpert.new("tcpcrypt.malformed", "Malformed tcpcrypt message",
			expert.group.MALFORMED, expert.severity.WARN)
tc.experts = { f_bad }

local function init_length(tvb, at)
	return tvb(at + 4, 4):uint()
end

-- RFC 8548 section 4.1
local function init(range, magic, tree)
	local t = tree:add(tc, range, magic == INIT1 and "tcpcrypt Init1" or "tcpcrypt Init2")
	local count, i = 1, 8

	t:add(f.magic, range(0, 4))
	t:add(f.len, range(4, 4))
	if magic == INIT1 then
		count = range(8, 1):uint()
		t:add(f.count, range(8, 1))
		i = 9
	end
	if i + 2 * count + 32 > range:len() then
		t:add_proto_expert_info(f_bad)
		return
	end
	for _ = 1, count do
		t:add(f.cipher, range(i, 2))
		i = i + 2
	end
	t:add(f.nonce, range(i, 32))
	if i + 32 < range:len() then
		t:add(f.key, range(i + 32))
	end
end

-- RFC 8548 section 4.2.2
local function plaintext(got, tree)
	local tvb = ByteArray.new(got.text, true):tvb("Decrypted frame")
	local t = tree:add(tc, tvb(), "Plaintext")
	local i = 1

	t:add(f.id, got.id):set_generated()
	t:add(f.gen, got.gen):set_generated()
	local flags = t:add(f.flags, tvb(0, 1))
	flags:add(f.finp, tvb(0, 1))
	flags:add(f.urgp, tvb(0, 1))
	if floor(tvb(0, 1):uint() / 2) % 2 == 1 and tvb:len() >= 3 then
		t:add(f.urgent, tvb(1, 2))
		i = 3
	end
	if tvb:len() > i then
		t:add(f.data, tvb(i))
	end
end

-- What is in the message at @range, if it can be known. The first time a packet
-- is looked at, and in order, as the keys change on the way.
local function decrypt(range, magic, pinfo)
	local number = f_stream()
	if not number or not next(keylog) then
		return nil
	end
	local place = ("%d %d %d"):format(pinfo.number, range:offset(), range:len())
	if pinfo.visited then
		return opened[place]
	end
	local s = stream(pinfo, number.value)
	if not s then
		return nil
	end
	if not magic and range:len() > 3 then
		local text = open(s, range(0, 3):raw(), range(3):raw())
		if text then
			opened[place] = { text = text, gen = s.gen, id = s.id }
		end
	end
	s.off = s.off + range:len()
	return opened[place]
end

-- RFC 8548 section 4.2
local function frame(range, tree, got)
	local t = tree:add(tc, range, "tcpcrypt frame")
	t:add(f.control, range(0, 1)):add(f.rekey, range(0, 1))
	t:add(f.clen, range(1, 2))
	if range:len() > 3 then
		t:add(f.body, range(3))
	end
	if range(0, 1):uint() % 2 == 1 then
		t:append_text(", rekey")
	end
	if got then
		plaintext(got, t)
	end
end

-- Is this how one of our messages begins? Plain TCP looks different.
local function ours(tvb)
	local first = tvb(0, 1):uint()

	if first <= 1 then
		return tvb:len() < 3 or tvb(1, 2):uint() > 16
	end
	if first ~= 0x15 and first ~= 0x09 or tvb:len() < 4 then
		return first == 0x15 or first == 0x09
	end
	local magic = tvb(0, 4):uint()
	return magic == INIT1 or magic == INIT2
end

-- The whole length of the message at @at, or how many bytes it takes to tell
local function message(tvb, at)
	local left = tvb:len() - at
	local first = tvb(at, 1):uint()

	-- No frame has such a control byte
	if first == 0x15 or first == 0x09 then
		if left < 8 then
			return nil, 8
		end
		local magic = tvb(at, 4):uint()
		if magic == INIT1 or magic == INIT2 then
			return init_length(tvb, at), 8, magic
		end
	end
	if left < 3 then
		return nil, 3
	end
	return 3 + tvb(at + 1, 2):uint(), 3
end

function tc.dissector(tvb, pinfo, tree)
	local at, names = 0, {}

	if tvb:len() == 0 or not ours(tvb) then
		return 0
	end
	pinfo.cols.protocol = "tcpcrypt"
	while at < tvb:len() do
		local len, least, magic = message(tvb, at)
		if not len then
			pinfo.desegment_offset = at
			pinfo.desegment_len = DESEGMENT_ONE_MORE_SEGMENT
			break
		end
		if len < least or (magic and (len < 9 or len > INIT_MAX)) then
			tree:add(tc, tvb(at)):add_proto_expert_info(f_bad)
			break
		end
		if len > tvb:len() - at then
			pinfo.desegment_offset = at
			pinfo.desegment_len = len - (tvb:len() - at)
			break
		end
		local got = decrypt(tvb(at, len), magic, pinfo)
		if magic then
			init(tvb(at, len), magic, tree)
			names[#names + 1] = magic == INIT1 and "Init1" or "Init2"
		else
			frame(tvb(at, len), tree, got)
			names[#names + 1] = "Frame"
		end
		at = at + len
	end
	if #names > 0 then
		pinfo.cols.info = table.concat(names, ", ")
	end
	return tvb:len()
end

-- A capture may have begun after the SYNs
tc:register_heuristic("tcp", function(tvb, pinfo, tree)
	if tvb:len() < 8 then
		return false
	end
	local magic = tvb(0, 4):uint()
	if magic ~= INIT1 and magic ~= INIT2 then
		return false
	end
	pinfo.conversation = tc
	tc.dissector(tvb, pinfo, tree)
	return true
end)
DissectorTable.get("tcp.port"):add_for_decode_as(tc)
