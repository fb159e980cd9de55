/* The server's long-term key pair in files: each 64 hexadecimal digits and a newline. The secret's file is the owner's alone,
 * no file is ever replaced, and a file appears whole or not at all (written under a temporary name, then linked). */
#include <cnas/private.h>

#include "runtime/base/error.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIGITS = 2 * CNAS_KEY_BYTES };

static enum cnas_status failed(struct cnas_error *err, const char *what, const char *path)
{
    return cn_error(err, CNAS_E_IO, "%s %.200s: %s", what, path, strerror(errno));
}

static enum cnas_status write_new(const char *path, const unsigned char key[CNAS_KEY_BYTES], mode_t mode, struct cnas_error *err)
{
    char text[DIGITS + 2], temporary[4096];
    if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary)
        return cn_error(err, CNAS_E_IO, "a key file's name is too long");
    int fd = mkstemp(temporary); /* mode 0600 */
    if (fd < 0)
        return failed(err, "cannot make the key file", path);
    sodium_bin2hex(text, sizeof text, key, CNAS_KEY_BYTES);
    text[DIGITS] = '\n';
    enum cnas_status status = CNAS_OK;
    if (write(fd, text, DIGITS + 1) != DIGITS + 1 || fchmod(fd, mode) != 0 || fsync(fd) != 0)
        status = failed(err, "cannot write the key file", path);
    if (close(fd) != 0 && status == CNAS_OK)
        status = failed(err, "cannot write the key file", path);
    if (status == CNAS_OK && link(temporary, path) != 0) /* unlike rename, link replaces nothing */
        status = failed(err, "cannot make the key file", path);
    unlink(temporary);
    cn_mem_wipe(text, sizeof text);
    return status;
}

enum cnas_status cnas_key_make(const char *secret_path, const char *public_path, struct cnas_error *err)
{
    unsigned char secret[CNAS_KEY_BYTES], public_key[CNAS_KEY_BYTES];
    if (sodium_init() < 0)
        cn_misuse("libsodium cannot be initialised: no source of randomness");
    crypto_kx_keypair(public_key, secret);
    enum cnas_status status = write_new(secret_path, secret, 0600, err);
    cn_mem_wipe(secret, sizeof secret);
    if (status != CNAS_OK)
        return status;
    status = write_new(public_path, public_key, 0644, err);
    if (status != CNAS_OK)
        unlink(secret_path); /* made above: nobody has used it */
    return status;
}

static enum cnas_status parse(unsigned char key[CNAS_KEY_BYTES], const char *text, size_t n, const char *path,
                              struct cnas_error *err)
{
    size_t bytes;
    if (n > 0 && text[n - 1] == '\n')
        n--;
    if (n != DIGITS || sodium_hex2bin(key, CNAS_KEY_BYTES, text, n, NULL, &bytes, NULL) != 0 || bytes != CNAS_KEY_BYTES)
        return cn_error(err, CNAS_E_FORMAT, "%.200s is not a key: expected %d hexadecimal digits and a newline", path, DIGITS);
    return CNAS_OK;
}

static enum cnas_status read_key(unsigned char key[CNAS_KEY_BYTES], const char *path, bool secret, struct cnas_error *err)
{
    char text[DIGITS + 3]; /* one more than a key file has */
    struct stat about;
    enum cnas_status status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return failed(err, "cannot open the key file", path);
    size_t n = 0;
    ssize_t r = -1;
    if (fstat(fd, &about) == 0)
        while (n < sizeof text && (r = read(fd, text + n, sizeof text - n)) > 0)
            n += (size_t)r;
    if (n < sizeof text && r < 0)
        status = failed(err, "cannot read the key file", path);
    else if (secret && (about.st_mode & (S_IRWXG | S_IRWXO)))
        status = cn_error(err, CNAS_E_IO, "the secret key %.200s is open to other users (mode %03o): run chmod 600 on it", path,
                          (unsigned)about.st_mode & 0777);
    else
        status = parse(key, text, n, path, err);
    close(fd);
    cn_mem_wipe(text, sizeof text);
    return status;
}

enum cnas_status cnas_key_load_secret(unsigned char secret[CNAS_KEY_BYTES], unsigned char public_key[CNAS_KEY_BYTES],
                                      const char *path, struct cnas_error *err)
{
    if (sodium_init() < 0)
        cn_misuse("libsodium cannot be initialised: no source of randomness");
    enum cnas_status status = read_key(secret, path, true, err);
    if (status == CNAS_OK)
        crypto_scalarmult_base(public_key, secret);
    else
        cn_mem_wipe(secret, CNAS_KEY_BYTES);
    return status;
}

enum cnas_status cnas_key_load_public(unsigned char public_key[CNAS_KEY_BYTES], const char *path, struct cnas_error *err)
{
    size_t n = strlen(path);
    if (n == DIGITS && strspn(path, "0123456789abcdefABCDEF") == n)
        return parse(public_key, path, n, path, err);
    return read_key(public_key, path, false, err);
}
