/* A handshake of the shape of Noise NK (Perrin, The Noise Protocol Framework, revision 34, section 7.5: "-> e, es; <- e, ee")
 * built from libsodium's crypto_kx, BLAKE2b and crypto_kdf.
 *
 *   1. client -> server   magic, version, Ec                                         40 bytes
 *   2. server -> client   magic, version, Es, stream header, confirmation            96 bytes
 *   3. client -> server   stream header, confirmation                                56 bytes
 *
 *   h    = BLAKE2b("cnas handshake", version, S, Ec, Es)        S: the server's long-term public key; Ec, Es: ephemeral ones
 *   root = BLAKE2b(key h; kx(Ec, S), kx(Ec, Es))                both session keys of each crypto_kx
 *   the two stream keys and the two confirmation keys are crypto_kdf subkeys of root.
 *
 * Only the holder of S's secret gets kx(Ec, S): the server is authenticated. The ephemeral pair is forgotten: forward secrecy.
 * A confirmation is BLAKE2b of the sender's stream header under its confirmation key, so a wrong pinned key shows in message 2
 * and any altered bit of the handshake in message 2 or 3.
 * Differs from Noise NK: message 1 carries no authenticator (a client with another pin learns it from message 2, in words),
 * and confirmation is explicit in both directions. The client is anonymous, as in Noise NK. */
#include "runtime/net/handshake.h"

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"
#include "runtime/net/socket.h"

#include <stdbool.h>
#include <string.h>

enum { MAGIC = 8, KEY = 32, STREAM_HEADER = crypto_secretstream_xchacha20poly1305_HEADERBYTES, CONFIRM = 32 };
enum { VERSION = 1 };
static const unsigned char magic[MAGIC] = {'c', 'n', 'a', 's', 'n', 'e', 't', VERSION};

_Static_assert(crypto_kx_PUBLICKEYBYTES == KEY && crypto_kx_SECRETKEYBYTES == KEY && crypto_kx_SESSIONKEYBYTES == KEY, "X25519");
_Static_assert(crypto_kdf_KEYBYTES == KEY && crypto_secretstream_xchacha20poly1305_KEYBYTES == KEY, "key sizes");

enum subkey { TO_SERVER = 1, TO_CLIENT, CONFIRM_CLIENT, CONFIRM_SERVER, SUBKEYS };
struct keys { /* secret; index: enum subkey */
    unsigned char key[SUBKEYS][KEY];
};

/* static_keys, ephemeral_keys: the pair of session keys that crypto_kx gives, the one towards the server first. */
static void derive(struct keys *out, const unsigned char server_key[KEY], const unsigned char client_e[KEY],
                   const unsigned char server_e[KEY], const unsigned char static_keys[2][KEY],
                   const unsigned char ephemeral_keys[2][KEY])
{
    static const char label[] = "cnas handshake";
    unsigned char h[KEY], root[KEY];
    crypto_generichash_state s;
    crypto_generichash_init(&s, NULL, 0, sizeof h);
    crypto_generichash_update(&s, (const unsigned char *)label, sizeof label);
    crypto_generichash_update(&s, magic, sizeof magic);
    crypto_generichash_update(&s, server_key, KEY);
    crypto_generichash_update(&s, client_e, KEY);
    crypto_generichash_update(&s, server_e, KEY);
    crypto_generichash_final(&s, h, sizeof h);

    crypto_generichash_init(&s, h, sizeof h, sizeof root);
    for (int i = 0; i < 2; i++)
        crypto_generichash_update(&s, static_keys[i], KEY);
    for (int i = 0; i < 2; i++)
        crypto_generichash_update(&s, ephemeral_keys[i], KEY);
    crypto_generichash_final(&s, root, sizeof root);
    for (uint64_t i = TO_SERVER; i < SUBKEYS; i++)
        crypto_kdf_derive_from_key(out->key[i], KEY, i, "cnaschan", root);
    cn_mem_wipe(&s, sizeof s);
    cn_mem_wipe(root, sizeof root);
}

static void confirm(unsigned char out[CONFIRM], const unsigned char header[STREAM_HEADER], const unsigned char key[KEY])
{
    crypto_generichash(out, CONFIRM, header, STREAM_HEADER, key, KEY);
}

static bool confirmed(const unsigned char *message, const unsigned char key[KEY])
{
    unsigned char want[CONFIRM];
    confirm(want, message, key);
    return sodium_memcmp(want, message + STREAM_HEADER, CONFIRM) == 0;
}

static enum cnas_status check_magic(const unsigned char *got, struct cnas_error *err)
{
    if (memcmp(got, magic, MAGIC - 1) != 0)
        return cn_error(err, CNAS_E_PROTOCOL, "the peer is not a cnas program: its first bytes are not this protocol's");
    if (got[MAGIC - 1] != VERSION)
        return cn_error(err, CNAS_E_PROTOCOL, "the peer speaks version %u of the channel protocol, this program version %u",
                        (unsigned)got[MAGIC - 1], (unsigned)VERSION);
    return CNAS_OK;
}

static void ready(void)
{
    if (sodium_init() < 0)
        cn_misuse("libsodium cannot be initialised: no source of randomness");
}

enum cnas_status cn_handshake_client(struct cn_handshake_result *out, int fd, const unsigned char server_key[32], double until,
                                     struct cnas_error *err)
{
    unsigned char first[MAGIC + KEY], second[MAGIC + KEY + STREAM_HEADER + CONFIRM], third[STREAM_HEADER + CONFIRM];
    unsigned char e_secret[KEY], static_keys[2][KEY], ephemeral_keys[2][KEY];
    const unsigned char *server_e = second + MAGIC, *server_header = server_e + KEY;
    struct keys keys = {0};
    ready();
    memcpy(first, magic, MAGIC);
    crypto_kx_keypair(first + MAGIC, e_secret);
    enum cnas_status status = cn_socket_send(fd, first, sizeof first, until, err);
    if (status == CNAS_OK)
        status = cn_socket_receive_all(fd, second, MAGIC, until, err);
    if (status == CNAS_OK)
        status = check_magic(second, err);
    if (status == CNAS_OK)
        status = cn_socket_receive_all(fd, second + MAGIC, sizeof second - MAGIC, until, err);
    if (status != CNAS_OK)
        goto out;
    if (crypto_kx_client_session_keys(static_keys[1], static_keys[0], first + MAGIC, e_secret, server_key) != 0) {
        status = cn_error(err, CNAS_E_AUTH, "the pinned server key is not a valid public key");
        goto out;
    }
    if (crypto_kx_client_session_keys(ephemeral_keys[1], ephemeral_keys[0], first + MAGIC, e_secret, server_e) != 0) {
        status = cn_error(err, CNAS_E_AUTH, "the server sent an invalid key");
        goto out;
    }
    derive(&keys, server_key, first + MAGIC, server_e, (const unsigned char(*)[KEY])static_keys,
           (const unsigned char(*)[KEY])ephemeral_keys);
    if (!confirmed(server_header, keys.key[CONFIRM_SERVER])) {
        status = cn_error(err, CNAS_E_AUTH,
                          "the server does not hold the secret of the pinned key (wrong key, wrong server, or altered bytes)");
        goto out;
    }
    crypto_secretstream_xchacha20poly1305_init_push(&out->send, third, keys.key[TO_SERVER]);
    crypto_secretstream_xchacha20poly1305_init_pull(&out->receive, server_header, keys.key[TO_CLIENT]);
    confirm(third + STREAM_HEADER, third, keys.key[CONFIRM_CLIENT]);
    status = cn_socket_send(fd, third, sizeof third, until, err);
    out->counters = (struct cn_chan_counters){.sent = sizeof first + sizeof third, .received = sizeof second, .flips = 2};
out:
    cn_mem_wipe(e_secret, sizeof e_secret);
    cn_mem_wipe(static_keys, sizeof static_keys);
    cn_mem_wipe(ephemeral_keys, sizeof ephemeral_keys);
    cn_mem_wipe(&keys, sizeof keys);
    if (status != CNAS_OK)
        cn_mem_wipe(out, sizeof *out);
    return status;
}

enum cnas_status cn_handshake_server(struct cn_handshake_result *out, int fd, const unsigned char secret_key[32],
                                     const unsigned char public_key[32], double until, struct cnas_error *err)
{
    unsigned char first[MAGIC + KEY], second[MAGIC + KEY + STREAM_HEADER + CONFIRM], third[STREAM_HEADER + CONFIRM];
    unsigned char e_secret[KEY], static_keys[2][KEY], ephemeral_keys[2][KEY];
    const unsigned char *client_e = first + MAGIC;
    unsigned char *server_e = second + MAGIC, *header = server_e + KEY;
    struct keys keys = {0};
    ready();
    memcpy(second, magic, MAGIC);
    crypto_kx_keypair(server_e, e_secret);
    enum cnas_status status = cn_socket_receive_all(fd, first, MAGIC, until, err);
    if (status == CNAS_OK && (status = check_magic(first, err)) != CNAS_OK && memcmp(first, magic, MAGIC - 1) == 0) {
        struct cnas_error ignored; /* another version: it should be able to say so, but our own error is the one that counts */
        (void)!cn_socket_send(fd, magic, MAGIC, until, &ignored);
    }
    if (status == CNAS_OK)
        status = cn_socket_receive_all(fd, first + MAGIC, KEY, until, err);
    if (status != CNAS_OK)
        goto out;
    if (crypto_kx_server_session_keys(static_keys[0], static_keys[1], public_key, secret_key, client_e) != 0 ||
        crypto_kx_server_session_keys(ephemeral_keys[0], ephemeral_keys[1], server_e, e_secret, client_e) != 0) {
        status = cn_error(err, CNAS_E_AUTH, "the client sent an invalid key");
        goto out;
    }
    derive(&keys, public_key, client_e, server_e, (const unsigned char(*)[KEY])static_keys,
           (const unsigned char(*)[KEY])ephemeral_keys);
    crypto_secretstream_xchacha20poly1305_init_push(&out->send, header, keys.key[TO_CLIENT]);
    confirm(header + STREAM_HEADER, header, keys.key[CONFIRM_SERVER]);
    status = cn_socket_send(fd, second, sizeof second, until, err);
    if (status == CNAS_OK)
        status = cn_socket_receive_all(fd, third, sizeof third, until, err);
    if (status == CNAS_E_CLOSED)
        cn_error(err, status, "the client hung up during the handshake; it may pin another server key");
    if (status != CNAS_OK)
        goto out;
    if (!confirmed(third, keys.key[CONFIRM_CLIENT])) {
        status = cn_error(err, CNAS_E_AUTH, "the client's confirmation is wrong: bytes of the handshake were altered");
        goto out;
    }
    crypto_secretstream_xchacha20poly1305_init_pull(&out->receive, third, keys.key[TO_SERVER]);
    out->counters = (struct cn_chan_counters){.sent = sizeof second, .received = sizeof first + sizeof third, .flips = 2};
out:
    cn_mem_wipe(e_secret, sizeof e_secret);
    cn_mem_wipe(static_keys, sizeof static_keys);
    cn_mem_wipe(ephemeral_keys, sizeof ephemeral_keys);
    cn_mem_wipe(&keys, sizeof keys);
    if (status != CNAS_OK)
        cn_mem_wipe(out, sizeof *out);
    return status;
}
