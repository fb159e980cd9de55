#!/usr/bin/env python3
"""Makes tests/kat/ntt.txt: values of the negacyclic transform by Horner's rule and products modulo X^N + 1 by the schoolbook sum,
in big integers, for every prime and degree of runtime/he/params.c.    ./ntt.py > ntt.txt"""

PRIMES_50 = (0x3ffffffffc001, 0x3fffffffcc001, 0x3ffffffef4001, 0x3ffffffe94001)
PRIMES_36 = (0x1428a02001, 0x14289f6001, 0x14289ee001)
CASES = [(12, PRIMES_50[:2]), (12, PRIMES_36), (13, PRIMES_50)]


def x(k, q):
    return (k ** 3 * 1234567890123 + k * 987654321 + 5) % q


def y(k, q):
    return ((k + 7) ** 5 * 1000003 + 11) % q


def brv(i, bits):
    return int(format(i, f"0{bits}b")[::-1], 2)


print("origin: tests/kat/ntt.py: Horner's rule and schoolbook products in Python integers; x_k = 1234567890123 k^3 + 987654321 k + 5,"
      " y_k = 1000003 (k+7)^5 + 11 mod q. Lines: prime q log2(N) psi, value i X(psi^(2brv(i)+1)), product i (x y)_i")
for log_n, primes in CASES:
    n = 1 << log_n
    at = [0, 1, 2, 3, n // 4, n // 2 - 1, n // 2, n // 2 + 1, 1234, 4001 % n, n - 2, n - 1]
    for q in primes:
        g = 2
        while pow(pow(g, (q - 1) // (2 * n), q), n, q) != q - 1:
            g += 1
        psi = pow(g, (q - 1) // (2 * n), q)
        print("prime", q, log_n, psi)
        for i in at:
            point, value = pow(psi, 2 * brv(i, log_n) + 1, q), 0
            for k in reversed(range(n)):
                value = (value * point + x(k, q)) % q
            print("value", i, value)
        for i in at:
            total = sum((1 if j <= i else -1) * x(j, q) * y((i - j) % n, q) for j in range(n))
            print("product", i, total % q)
