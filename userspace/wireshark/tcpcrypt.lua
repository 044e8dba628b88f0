-- SPDX-License-Identifier: GPL-2.0-only
--
-- Wireshark: the TCP-ENO option (RFC 8547), and tcpcrypt's Init messages and
-- frames (RFC 8548). Copy to ~/.local/lib/wireshark/plugins, or
--
--	tshark -X lua_script:tcpcrypt.lua -r FILE -Y 'tcpcrypt || eno'
--
-- What is inside a frame cannot be shown: that is the point of it.

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

-- ------------------------------------------------------------------ stream

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
tc.fields = { f.magic, f.len, f.count, f.cipher, f.nonce, f.key, f.control,
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

-- RFC 8548 section 4.2
local function frame(range, tree)
	local t = tree:add(tc, range, "tcpcrypt frame")
	t:add(f.control, range(0, 1)):add(f.rekey, range(0, 1))
	t:add(f.clen, range(1, 2))
	if range:len() > 3 then
		t:add(f.body, range(3))
	end
	if range(0, 1):uint() % 2 == 1 then
		t:append_text(", rekey")
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
		if magic then
			init(tvb(at, len), magic, tree)
			names[#names + 1] = magic == INIT1 and "Init1" or "Init2"
		else
			frame(tvb(at, len), tree)
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
