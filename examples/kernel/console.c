/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first serial port, the end of the machine, and the functions of the C library that the
 * compiler, and the driver library, take for granted.
 */
#include "kernel.h"

#include <stdarg.h>

#define COM1        ((uint16_t)0x3f8)
#define LINE_STATUS ((uint16_t)(COM1 + 5))
#define CAN_SEND    0x20
#define DEBUG_EXIT  ((uint16_t)0xf4)

static void send(char byte)
{
    uint8_t status = 0;

    /* A port that never gets ready must not stop us. */
    for (unsigned i = 0; i < 1000000 && (status & CAN_SEND) == 0; i++) {
        PORT_IN(b, LINE_STATUS, &status);
    }
    PORT_OUT(b, COM1, byte);
}

static void send_text(const char *text)
{
    while (*text != '\0') {
        send(*text++);
    }
}

static void send_number(uint64_t value, unsigned base)
{
    char digits[21] = {0};
    unsigned at = sizeof(digits) - 1;

    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    send_text(&digits[at]);
}

void print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            send(*format);
        } else if (*++format == 's') {
            send_text(va_arg(arguments, const char *));
        } else if (*format == 'u') {
            send_number(va_arg(arguments, unsigned), 10);
        } else {
            send_number(va_arg(arguments, unsigned long), 16);
            format++;
        }
    }
    va_end(arguments);
}

void machine_end(uint8_t code)
{
    PORT_OUT(b, DEBUG_EXIT, code);
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    void *at = to;

    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(count) : : "memory");
    return to;
}

void *memset(void *to, int value, size_t count)
{
    void *at = to;

    __asm__ volatile("rep stosb" : "+D"(at), "+c"(count) : "a"(value) : "memory");
    return to;
}

int memcmp(const void *left, const void *right, size_t count)
{
    const uint8_t *l = left;
    const uint8_t *r = right;

    for (; count > 0 && *l == *r; count--, l++, r++) {
    }
    return count == 0 ? 0 : *l - *r;
}
