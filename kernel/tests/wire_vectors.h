/* SPDX-License-Identifier: GPL-2.0-only */
/* Made by gen_pure_vectors.py; do not edit. */

static const struct init_vector init_vectors[] = {
	{
		.name = "good",
		.init = 0x1,
		.tep = 0x21,
		.bytes =
		"15101a0e00000052030001000200106822ebdee4a0d8d2ded444541e82688179a2bd37c0979713cc7c5bb62baebfb7002303a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c23",
		.incomplete = false,
		.ciphers = "000100020010",
		.nonce =
		"6822ebdee4a0d8d2ded444541e82688179a2bd37c0979713cc7c5bb62baebfb7",
		.pub =
		"03a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c23",
	},
	{
		.name = "trailing",
		.init = 0x1,
		.tep = 0x21,
		.bytes =
		"15101a0e00000057030001000200106822ebdee4a0d8d2ded444541e82688179a2bd37c0979713cc7c5bb62baebfb7002303a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c23fd1e1b9bf5",
		.incomplete = false,
		.ciphers = "000100020010",
		.nonce =
		"6822ebdee4a0d8d2ded444541e82688179a2bd37c0979713cc7c5bb62baebfb7",
		.pub =
		"03a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c23",
	},
	{
		.name = "bad-magic",
		.init = 0x1,
		.tep = 0x21,
		.bytes =
		"15101a0f00000052030001000200106822ebdee4a0d8d2ded444541e82688179a2bd37c0979713cc7c5bb62baebfb7002303a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c23",
		.incomplete = false,
	},
	{
		.name = "other-magic",
		.init = 0x1,
		.tep = 0x21,
		.bytes =
		"097105e000000052030001000200106822ebdee4a0d8d2ded444541e82688179a2bd37c0979713cc7c5bb62baebfb7002303a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c23",
		.incomplete = false,
	},
	{
		.name = "one-byte-missing",
		.init = 0x1,
		.tep = 0x21,
		.bytes =
		"15101a0e00000052030001000200106822ebdee4a0d8d2ded444541e82688179a2bd37c0979713cc7c5bb62baebfb7002303a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c",
		.incomplete = true,
	},
	{
		.name = "three-bytes",
		.init = 0x1,
		.tep = 0x21,
		.bytes = "15101a",
		.incomplete = true,
	},
	{
		.name = "len-one-short",
		.init = 0x1,
		.tep = 0x21,
		.bytes =
		"15101a0e00000051030001000200106822ebdee4a0d8d2ded444541e82688179a2bd37c0979713cc7c5bb62baebfb7002303a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c23",
		.incomplete = false,
	},
	{
		.name = "len-8",
		.init = 0x1,
		.tep = 0x21,
		.bytes =
		"15101a0e00000008030001000200106822ebdee4a0d8d2ded444541e82688179a2bd37c0979713cc7c5bb62baebfb7002303a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c23",
		.incomplete = false,
	},
	{
		.name = "len-0",
		.init = 0x1,
		.tep = 0x21,
		.bytes =
		"15101a0e00000000030001000200106822ebdee4a0d8d2ded444541e82688179a2bd37c0979713cc7c5bb62baebfb7002303a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c23",
		.incomplete = false,
	},
	{
		.name = "nciphers-0-misparse",
		.init = 0x1,
		.tep = 0x21,
		.bytes =
		"15101a0e00000052000001000200106822ebdee4a0d8d2ded444541e82688179a2bd37c0979713cc7c5bb62baebfb7002303a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c23",
		.incomplete = false,
	},
	{
		.name = "nciphers-255",
		.init = 0x1,
		.tep = 0x21,
		.bytes =
		"15101a0e00000052ff0001000200106822ebdee4a0d8d2ded444541e82688179a2bd37c0979713cc7c5bb62baebfb7002303a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c23",
		.incomplete = false,
	},
	{
		.name = "good",
		.init = 0x2,
		.tep = 0x21,
		.bytes =
		"097105e00000004d0010ae5bb94240c44f5abe08547d8d8cdfad47acfa922bc9195e7acb3b2da7a2012d002303a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c23",
		.incomplete = false,
		.ciphers = "0010",
		.nonce =
		"ae5bb94240c44f5abe08547d8d8cdfad47acfa922bc9195e7acb3b2da7a2012d",
		.pub =
		"03a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c23",
	},
	{
		.name = "trailing",
		.init = 0x2,
		.tep = 0x21,
		.bytes =
		"097105e0000000520010ae5bb94240c44f5abe08547d8d8cdfad47acfa922bc9195e7acb3b2da7a2012d002303a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c231e3c20c04e",
		.incomplete = false,
		.ciphers = "0010",
		.nonce =
		"ae5bb94240c44f5abe08547d8d8cdfad47acfa922bc9195e7acb3b2da7a2012d",
		.pub =
		"03a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c23",
	},
	{
		.name = "bad-magic",
		.init = 0x2,
		.tep = 0x21,
		.bytes =
		"15101a0f0000004d0010ae5bb94240c44f5abe08547d8d8cdfad47acfa922bc9195e7acb3b2da7a2012d002303a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c23",
		.incomplete = false,
	},
	{
		.name = "other-magic",
		.init = 0x2,
		.tep = 0x21,
		.bytes =
		"15101a0e0000004d0010ae5bb94240c44f5abe08547d8d8cdfad47acfa922bc9195e7acb3b2da7a2012d002303a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c23",
		.incomplete = false,
	},
	{
		.name = "one-byte-missing",
		.init = 0x2,
		.tep = 0x21,
		.bytes =
		"097105e00000004d0010ae5bb94240c44f5abe08547d8d8cdfad47acfa922bc9195e7acb3b2da7a2012d002303a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c",
		.incomplete = true,
	},
	{
		.name = "three-bytes",
		.init = 0x2,
		.tep = 0x21,
		.bytes = "097105",
		.incomplete = true,
	},
	{
		.name = "len-one-short",
		.init = 0x2,
		.tep = 0x21,
		.bytes =
		"097105e00000004c0010ae5bb94240c44f5abe08547d8d8cdfad47acfa922bc9195e7acb3b2da7a2012d002303a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c23",
		.incomplete = false,
	},
	{
		.name = "len-8",
		.init = 0x2,
		.tep = 0x21,
		.bytes =
		"097105e0000000080010ae5bb94240c44f5abe08547d8d8cdfad47acfa922bc9195e7acb3b2da7a2012d002303a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c23",
		.incomplete = false,
	},
	{
		.name = "len-0",
		.init = 0x2,
		.tep = 0x21,
		.bytes =
		"097105e0000000000010ae5bb94240c44f5abe08547d8d8cdfad47acfa922bc9195e7acb3b2da7a2012d002303a01aa221af79afeb7917c110201b2330b3f32bc38c8dbd9e37175e5b9b620c23",
		.incomplete = false,
	},
	{
		.name = "good",
		.init = 0x1,
		.tep = 0x23,
		.bytes =
		"15101a0e0000004f030001000200104499165e04074ccf0195613f8143550cd733d45b6e7b83c7744b05f954ccae42cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10c",
		.incomplete = false,
		.ciphers = "000100020010",
		.nonce =
		"4499165e04074ccf0195613f8143550cd733d45b6e7b83c7744b05f954ccae42",
		.pub =
		"cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10c",
	},
	{
		.name = "trailing",
		.init = 0x1,
		.tep = 0x23,
		.bytes =
		"15101a0e00000054030001000200104499165e04074ccf0195613f8143550cd733d45b6e7b83c7744b05f954ccae42cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10ca3d46274c5",
		.incomplete = false,
		.ciphers = "000100020010",
		.nonce =
		"4499165e04074ccf0195613f8143550cd733d45b6e7b83c7744b05f954ccae42",
		.pub =
		"cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10c",
	},
	{
		.name = "bad-magic",
		.init = 0x1,
		.tep = 0x23,
		.bytes =
		"15101a0f0000004f030001000200104499165e04074ccf0195613f8143550cd733d45b6e7b83c7744b05f954ccae42cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10c",
		.incomplete = false,
	},
	{
		.name = "other-magic",
		.init = 0x1,
		.tep = 0x23,
		.bytes =
		"097105e00000004f030001000200104499165e04074ccf0195613f8143550cd733d45b6e7b83c7744b05f954ccae42cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10c",
		.incomplete = false,
	},
	{
		.name = "one-byte-missing",
		.init = 0x1,
		.tep = 0x23,
		.bytes =
		"15101a0e0000004f030001000200104499165e04074ccf0195613f8143550cd733d45b6e7b83c7744b05f954ccae42cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb1",
		.incomplete = true,
	},
	{
		.name = "three-bytes",
		.init = 0x1,
		.tep = 0x23,
		.bytes = "15101a",
		.incomplete = true,
	},
	{
		.name = "len-one-short",
		.init = 0x1,
		.tep = 0x23,
		.bytes =
		"15101a0e0000004e030001000200104499165e04074ccf0195613f8143550cd733d45b6e7b83c7744b05f954ccae42cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10c",
		.incomplete = false,
	},
	{
		.name = "len-8",
		.init = 0x1,
		.tep = 0x23,
		.bytes =
		"15101a0e00000008030001000200104499165e04074ccf0195613f8143550cd733d45b6e7b83c7744b05f954ccae42cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10c",
		.incomplete = false,
	},
	{
		.name = "len-0",
		.init = 0x1,
		.tep = 0x23,
		.bytes =
		"15101a0e00000000030001000200104499165e04074ccf0195613f8143550cd733d45b6e7b83c7744b05f954ccae42cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10c",
		.incomplete = false,
	},
	{
		.name = "nciphers-0-misparse",
		.init = 0x1,
		.tep = 0x23,
		.bytes =
		"15101a0e0000004f000001000200104499165e04074ccf0195613f8143550cd733d45b6e7b83c7744b05f954ccae42cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10c",
		.incomplete = false,
		.ciphers = "",
		.nonce =
		"0001000200104499165e04074ccf0195613f8143550cd733d45b6e7b83c7744b",
		.pub =
		"05f954ccae42cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44",
	},
	{
		.name = "nciphers-255",
		.init = 0x1,
		.tep = 0x23,
		.bytes =
		"15101a0e0000004fff0001000200104499165e04074ccf0195613f8143550cd733d45b6e7b83c7744b05f954ccae42cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10c",
		.incomplete = false,
	},
	{
		.name = "good",
		.init = 0x2,
		.tep = 0x23,
		.bytes =
		"097105e00000004a0010d9a5dece7d45b7435ae34313588db951415bb67f921953480f51b6784a156ac1cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10c",
		.incomplete = false,
		.ciphers = "0010",
		.nonce =
		"d9a5dece7d45b7435ae34313588db951415bb67f921953480f51b6784a156ac1",
		.pub =
		"cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10c",
	},
	{
		.name = "trailing",
		.init = 0x2,
		.tep = 0x23,
		.bytes =
		"097105e00000004f0010d9a5dece7d45b7435ae34313588db951415bb67f921953480f51b6784a156ac1cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10c38b4b2f0e1",
		.incomplete = false,
		.ciphers = "0010",
		.nonce =
		"d9a5dece7d45b7435ae34313588db951415bb67f921953480f51b6784a156ac1",
		.pub =
		"cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10c",
	},
	{
		.name = "bad-magic",
		.init = 0x2,
		.tep = 0x23,
		.bytes =
		"15101a0f0000004a0010d9a5dece7d45b7435ae34313588db951415bb67f921953480f51b6784a156ac1cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10c",
		.incomplete = false,
	},
	{
		.name = "other-magic",
		.init = 0x2,
		.tep = 0x23,
		.bytes =
		"15101a0e0000004a0010d9a5dece7d45b7435ae34313588db951415bb67f921953480f51b6784a156ac1cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10c",
		.incomplete = false,
	},
	{
		.name = "one-byte-missing",
		.init = 0x2,
		.tep = 0x23,
		.bytes =
		"097105e00000004a0010d9a5dece7d45b7435ae34313588db951415bb67f921953480f51b6784a156ac1cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb1",
		.incomplete = true,
	},
	{
		.name = "three-bytes",
		.init = 0x2,
		.tep = 0x23,
		.bytes = "097105",
		.incomplete = true,
	},
	{
		.name = "len-one-short",
		.init = 0x2,
		.tep = 0x23,
		.bytes =
		"097105e0000000490010d9a5dece7d45b7435ae34313588db951415bb67f921953480f51b6784a156ac1cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10c",
		.incomplete = false,
	},
	{
		.name = "len-8",
		.init = 0x2,
		.tep = 0x23,
		.bytes =
		"097105e0000000080010d9a5dece7d45b7435ae34313588db951415bb67f921953480f51b6784a156ac1cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10c",
		.incomplete = false,
	},
	{
		.name = "len-0",
		.init = 0x2,
		.tep = 0x23,
		.bytes =
		"097105e0000000000010d9a5dece7d45b7435ae34313588db951415bb67f921953480f51b6784a156ac1cb9768edceacfd41c5b7d71012965499a355687945ddf9a9fa44e7fda76bb10c",
		.incomplete = false,
	},
};
