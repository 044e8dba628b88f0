// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A session ID as words to read aloud.  The 256 words are our own choice: well
 * known, concrete, hard to mistake for one another, in alphabetical order.
 * Part of the interface: another word or order gives other fingerprints.
 */
#include <string.h>

#include "sha256.h"
#include "words.h"

const char words_list[256][WORDS_LONGEST + 1] = {
	"acorn", "actor", "album", "almond", "amber", "anchor",
	"angle", "ankle", "apple", "april", "apron", "arctic",
	"arrow", "atlas", "autumn", "bacon", "badge", "bagel",
	"bamboo", "banjo", "barrel", "basket", "beacon", "beard",
	"berry", "birch", "bishop", "blanket", "blossom", "bottle",
	"branch", "bread", "breeze", "brick", "bridge", "bronze",
	"bubble", "bucket", "buffalo", "butter", "cabin", "cactus",
	"camel", "candle", "canoe", "canyon", "carbon", "carpet",
	"castle", "cattle", "cedar", "cello", "chalk", "cherry",
	"chess", "chimney", "cinema", "circle", "clarinet", "clay",
	"clever", "cliff", "clock", "cloud", "clover", "cobalt",
	"coconut", "coffee", "comet", "copper", "coral", "cotton",
	"cousin", "crane", "crayon", "crimson", "crystal", "curtain",
	"daisy", "dance", "dawn", "deer", "delta", "desert",
	"diamond", "doctor", "dolphin", "donkey", "dragon", "drum",
	"eagle", "echo", "elbow", "elephant", "emerald", "engine",
	"evening", "fabric", "falcon", "family", "feather", "fiddle",
	"finger", "flame", "flute", "forest", "fossil", "fountain",
	"fox", "fridge", "frost", "galaxy", "garden", "garlic",
	"ghost", "giant", "ginger", "giraffe", "glacier", "glove",
	"goblin", "golden", "gorilla", "grape", "gravel", "guitar",
	"hammer", "harbor", "harvest", "hazel", "helmet", "hermit",
	"hockey", "honey", "horizon", "hotel", "hunter", "icicle",
	"igloo", "indigo", "insect", "island", "ivory", "jacket",
	"jaguar", "jasmine", "jelly", "jigsaw", "jungle", "juniper",
	"kangaroo", "kettle", "kitchen", "kiwi", "knight", "ladder",
	"lagoon", "lantern", "laurel", "lemon", "leopard", "lilac",
	"lion", "lizard", "lobster", "locket", "lunar", "magnet",
	"mango", "maple", "marble", "market", "meadow", "melon",
	"mermaid", "meteor", "mirror", "monkey", "monsoon", "morning",
	"mosaic", "mountain", "museum", "mustard", "napkin", "nectar",
	"needle", "nickel", "noodle", "nougat", "ocean", "octopus",
	"olive", "onion", "opera", "orange", "orbit", "orchid",
	"otter", "oyster", "paddle", "palace", "panda", "paper",
	"parrot", "peanut", "pebble", "pelican", "pencil", "pepper",
	"piano", "pigeon", "pilot", "pirate", "planet", "pocket",
	"polar", "pony", "potato", "prairie", "prince", "pumpkin",
	"puppet", "purple", "puzzle", "pyramid", "quartz", "quiver",
	"rabbit", "radio", "raft", "rainbow", "raven", "ribbon",
	"river", "robin", "rocket", "saddle", "salmon", "sandal",
	"sapphire", "scarf", "sculptor", "sheriff", "shovel", "silver",
	"siren", "skeleton", "summer", "sunset", "temple", "tiger",
	"trumpet", "tulip", "violin", "walnut",
};

/**
 * words_text() - the fingerprint of a session
 * @sid: its session ID
 * @len: bytes of it
 * @text: for the words with a blank between them
 *
 * The words stand for the first 64 bits of SHA-256 over "tcpcrypt words 1", a
 * zero byte and the session ID.
 *
 * Return: @text.
 */
char *words_text(const void *sid, size_t len, char text[WORDS_TEXT])
{
	static const char label[] = "tcpcrypt words 1";
	uint8_t hash[SHA256_BYTES];
	struct sha256 h;
	char *p = text;
	int i;

	sha256_init(&h);
	sha256_update(&h, label, sizeof(label));
	sha256_update(&h, sid, len);
	sha256_final(&h, hash);
	for (i = 0; i < WORDS_COUNT; i++) {
		p = stpcpy(p, words_list[hash[i]]);
		*p++ = ' ';
	}
	p[-1] = '\0';
	return text;
}
