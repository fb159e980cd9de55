/* BLAKE2b-256. Origin: the vectors of the empty text and of "abc" as published with the reference implementation
 * (github.com/BLAKE2/BLAKE2, b2sum -l 256); the third, of 256 and 257 bytes 0x07, from Python's hashlib.blake2b. */
#include "compiler/base/blake2b.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(vectors)
{
    char hex[BLAKE2B_HEX], sevens[257];
    memset(sevens, 7, sizeof sevens);
    blake2b_hex(hex, "", 0);
    ck_assert_str_eq(hex, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    blake2b_hex(hex, "abc", 3);
    ck_assert_str_eq(hex, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    blake2b_hex(hex, sevens, 256);
    ck_assert_str_eq(hex, "b49f21d17acf05b322ebbc2983fdfcc3fe1f77d80c122dca03806a8163f0416a");
    blake2b_hex(hex, sevens, 257);
    ck_assert_str_eq(hex, "d0b10e229a3d989562ed77da45bcbc9dc775790e6741718e92fc1d26fad59705");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("blake2b");
    TCase *c = tcase_create("blake2b");
    tcase_add_test(c, vectors);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
