/* Recovers the keys of a file of records and prints the processor time of each in microseconds, and a sum over all keys. Started by backend.ts. */
#include <secp256k1_recovery.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* digest, r and s, recovery id */
enum { DIGEST = 32, SIGNATURE = 64, RECORD = DIGEST + SIGNATURE + 1, MAX_RECORDS = 1000000 };

int main (int argc, char **argv) {
  FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  uint8_t *records = malloc((size_t)RECORD * MAX_RECORDS);
  if (file == NULL || records == NULL) {
    return 1;
  }
  const size_t count = fread(records, RECORD, MAX_RECORDS, file);
  secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
  struct timespec begun, ended;
  uint64_t sum = 0;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begun);
  for (size_t i = 0; i < count; i++) {
    const uint8_t *record = records + i * RECORD;
    secp256k1_ecdsa_recoverable_signature signature;
    secp256k1_pubkey key;
    uint8_t bytes[65];
    size_t length = sizeof bytes;
    if (!secp256k1_ecdsa_recoverable_signature_parse_compact(context, &signature, record + DIGEST, record[DIGEST + SIGNATURE]) ||
        !secp256k1_ecdsa_recover(context, &key, &signature, record) ||
        !secp256k1_ec_pubkey_serialize(context, bytes, &length, &key, SECP256K1_EC_UNCOMPRESSED)) {
      return 2;
    }
    for (size_t at = 0; at < length; at++) {
      sum += bytes[at] * (at + 1);
    }
  }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
  const double micros = (double)(ended.tv_sec - begun.tv_sec) * 1e6 + (double)(ended.tv_nsec - begun.tv_nsec) / 1e3;
  printf("{\"micros\":%f,\"sum\":%llu}\n", micros / (double)count, (unsigned long long)sum);
  return 0;
}
